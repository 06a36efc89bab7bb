import { Controller, Get, UseGuards } from '@nestjs/common';
import {
  Authenticated,
  ClientsOnly,
  CognitoGuard,
  Groups,
  OptionalAuth,
  Principal,
  Public,
  Scopes,
  TokenUse,
  UsersOnly,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';

/** What every route answers: who it was that came in. */
function answerTo(principal?: CognitoPrincipal) {
  return { caller: principal?.kind ?? 'anonymous' };
}

/** Routes with one rule each, with several, and with none. */
@Controller('single')
export class SingleRulesController {
  @Get('authenticated')
  @Authenticated()
  authenticated(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('guarded')
  @UseGuards(CognitoGuard)
  guarded(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('groups')
  @Groups('admin', 'support')
  groups(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('all-groups')
  @Groups({ all: ['admin', 'Auditor'] })
  allGroups(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('no-group')
  @Groups({ none: ['admin'] })
  noGroup(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('group-of-another-case')
  @Groups('Admin')
  groupOfAnotherCase(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('scopes')
  @Scopes('openid', 'orders/read')
  scopes(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('any-scope')
  @Scopes({ any: ['orders/read', 'orders/write'] })
  anyScope(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('id')
  @TokenUse('id')
  id(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('both-kinds')
  @TokenUse('access', 'id')
  bothKinds(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('users')
  @UsersOnly()
  users(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('clients')
  @ClientsOnly()
  clients(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('public')
  @Public()
  public(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('optional')
  @OptionalAuth()
  optional(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('combined')
  @Groups('admin')
  @Scopes('openid')
  @UsersOnly()
  combined(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('nothing')
  nothing(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }
}

/** Routes that add to the rules of their class, or replace them. */
@Controller('class')
@Groups('admin')
@Scopes('openid')
export class RulesOnClassController {
  @Get('inherited')
  inherited(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('replaced')
  @Scopes('orders/read')
  replaced(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('all-replaced')
  @Groups({ none: ['admin'] })
  @Scopes('orders/read')
  allReplaced(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('added')
  @TokenUse('access', 'id')
  added(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('public')
  @Public()
  public(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('optional')
  @OptionalAuth()
  optional(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }
}

/** Routes of an open class, of which some are not open. */
@Controller('open')
@Public()
export class OpenController {
  @Get('inherited')
  inherited(@Principal() principal?: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('ruled')
  @Groups('admin')
  ruled(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }

  @Get('guarded')
  @UseGuards(CognitoGuard)
  guarded(@Principal() principal: CognitoPrincipal) {
    return answerTo(principal);
  }
}
