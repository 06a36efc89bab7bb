import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, TokenUse } from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Me')
@Controller('profile')
export class ProfileController {
  @Get()
  @TokenUse('id')
  @ApiOperation({ summary: 'What the ID token says about the user' })
  @Answers({ username: 'alice', name: 'Alice', email: 'alice@example.com', tenant: 'acme' })
  profile(@CurrentUser() { username, name, email, customAttributes }: CognitoUser) {
    return { username, name, email, tenant: customAttributes['tenant'] };
  }
}
