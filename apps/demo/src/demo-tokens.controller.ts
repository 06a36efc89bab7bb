import {
  BadRequestException,
  Controller,
  Get,
  NotFoundException,
  Param,
  Query,
} from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Public } from 'nestjs-cognito-auth';
import { LocalPool } from './local-pool.js';
import type { TokenSet } from './local-pool.js';

/** Hands out tokens without a sign-in. Exists only while the demo runs on its local user pool. */
@ApiTags('Demo')
@Controller('demo/token')
export class DemoTokensController {
  constructor(private readonly localPool: LocalPool) {}

  @Get(':username')
  @Public()
  @ApiOperation({ summary: 'Tokens of a user of the local user pool, or of its machine' })
  @ApiQuery({ name: 'scope', required: false, description: 'Scopes, separated by spaces' })
  tokensOf(
    @Param('username') username: string,
    @Query('scope') scope?: string | string[],
  ): TokenSet {
    const allowed = this.localPool.scopesOf(username);
    if (!allowed) throw new NotFoundException(this.whoThereIs());
    const scopes = scopesIn(scope);
    if (scopes?.every((name) => allowed.includes(name)) === false) {
      throw new BadRequestException(`The scopes of ${username} are ${allowed.join(' ')}`);
    }
    return this.localPool.tokensOf(username, scopes);
  }

  private whoThereIs(): string {
    const usernames = this.localPool.users.map((user) => user.username).join(', ');
    return `There are tokens for ${usernames} and ${this.localPool.machine.clientId} only`;
  }
}

function scopesIn(scope: string | string[] = []): string[] | undefined {
  const names = [scope].flat().join(' ').split(/[ ,]+/).filter(Boolean);
  return names.length > 0 ? names : undefined;
}
