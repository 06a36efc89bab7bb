import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claims, CognitoGuard, CurrentUser } from 'nestjs-cognito-auth';
import type { CognitoClaims } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';
import type { Caller } from './users/account.identity.js';

@ApiTags('Me')
@UseGuards(CognitoGuard)
@Controller('me')
export class MeController {
  @Get()
  @ApiOperation({ summary: 'Who the access token speaks for, and what the database knows' })
  @Answers({
    kind: 'user',
    username: 'alice',
    groups: ['admin', 'auditor'],
    scopes: ['openid', 'email', 'profile', 'orders/read'],
    tokenUse: 'access',
    email: 'alice@example.com',
    account: { id: 1, username: 'alice', email: 'alice@example.com', name: 'Alice' },
  })
  me(@CurrentUser() user: Caller) {
    return user;
  }

  @Get('claims')
  @ApiOperation({ summary: 'The payload of the access token, as Cognito sent it' })
  @Answers({ token_use: 'access', username: 'alice', 'cognito:groups': ['admin', 'auditor'] })
  claims(@Claims() claims: CognitoClaims) {
    return claims;
  }
}
