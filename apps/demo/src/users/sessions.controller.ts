import { Controller, HttpCode, HttpStatus, NotFoundException, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CognitoAuthService, Groups } from 'nestjs-cognito-auth';
import { Answers } from '../answers.decorator.js';
import { UsersRepository } from './users.repository.js';

@ApiTags('Revocation')
@Controller('admin/users')
export class SessionsController {
  constructor(
    private readonly auth: CognitoAuthService,
    private readonly users: UsersRepository,
  ) {}

  @Post(':username/revoke')
  @Groups('admin')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Makes all tokens void that a user has now' })
  @Answers({ username: 'bob', issuedBefore: '2026-11-20T12:00:00.000Z' })
  async revoke(@Param('username') username: string) {
    const accounts = await this.users.withUsername(username);
    if (accounts.length === 0) throw new NotFoundException('No user of this name was ever here');
    // The `iat` of a token is the second of its issue, rounded down: whatever the user has now is
    // older than this moment, and so is a token from the rest of this second. Rounding down here,
    // too, would spare that user a second sign-in, but also the tokens to be revoked.
    const issuedBefore = new Date();
    // On AWS, AdminUserGlobalSignOut belongs here as well: a refresh token brings new tokens.
    await Promise.all(accounts.map(({ sub }) => this.auth.revoke({ sub, issuedBefore })));
    return { username, issuedBefore };
  }
}
