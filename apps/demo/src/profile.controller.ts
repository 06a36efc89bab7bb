import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, TokenUse } from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';

@ApiTags('Me')
@Controller('profile')
export class ProfileController {
  @Get()
  @TokenUse('id')
  @ApiOperation({ summary: 'What the ID token says about the user' })
  profile(@CurrentUser() { username, name, email, customAttributes }: CognitoUser) {
    return { username, name, email, tenant: customAttributes['tenant'] };
  }
}
