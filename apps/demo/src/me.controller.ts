import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claims, CognitoGuard, CurrentUser } from 'nestjs-cognito-auth';
import type { CognitoClaims, CognitoPrincipal } from 'nestjs-cognito-auth';

@ApiTags('Me')
@UseGuards(CognitoGuard)
@Controller('me')
export class MeController {
  @Get()
  @ApiOperation({ summary: 'Who the access token speaks for' })
  me(@CurrentUser() user: CognitoPrincipal) {
    return user;
  }

  @Get('claims')
  @ApiOperation({ summary: 'The payload of the access token, as Cognito sent it' })
  claims(@Claims() claims: CognitoClaims) {
    return claims;
  }
}
