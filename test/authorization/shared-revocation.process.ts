import { Controller, Delete, Get, Headers, Inject } from '@nestjs/common';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  KeyvRevocationStore,
  Principal,
  Public,
} from 'nestjs-cognito-auth';
import type { CognitoAuthOptions, CognitoUser } from 'nestjs-cognito-auth';
import { createApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';

/** What the process is told, in its first argument. */
export interface Assignment {
  readonly adapter: Adapter;
  readonly options: CognitoAuthOptions;
  /** The address of the Redis server. */
  readonly redis: string;
}

@Controller()
class SessionController {
  constructor(@Inject(CognitoAuthService) private readonly auth: CognitoAuthService) {}

  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('verified')
  @Public()
  async verified(@Headers('x-token') token: string) {
    const principal = await this.auth.verify(token, { principal: 'user' });
    return { username: (principal as CognitoUser).username };
  }

  @Delete('session')
  @Authenticated()
  async endSession(@Principal() { originJti = '' }: CognitoUser) {
    await this.auth.revoke({ originJti });
    return {};
  }
}

const { adapter, options, redis } = JSON.parse(process.argv[3] ?? '') as Assignment;
const store = new KeyvRevocationStore(new Keyv(new KeyvRedis(redis)));
const module = CognitoAuthModule.forRoot({ ...options, revocation: { useValue: store } });
const app = await createApp(adapter, { imports: [module], controllers: [SessionController] });
process.on('disconnect', () => process.exit());
process.send?.(await app.getUrl());
