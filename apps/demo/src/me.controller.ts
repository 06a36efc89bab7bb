import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Claims, CognitoGuard, CurrentUser } from 'nestjs-cognito-auth';
import type { CognitoClaims } from 'nestjs-cognito-auth';
import type { Caller } from './users/account.identity.js';

@ApiTags('Me')
@UseGuards(CognitoGuard)
@Controller('me')
export class MeController {
  @Get()
  @ApiOperation({ summary: 'Who the access token speaks for, and what the database knows' })
  me(@CurrentUser() user: Caller) {
    return user;
  }

  @Get('claims')
  @ApiOperation({ summary: 'The payload of the access token, as Cognito sent it' })
  claims(@Claims() claims: CognitoClaims) {
    return claims;
  }
}
