// A server with one route, for browsers that have signed in and for API clients.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import { Authenticated, CognitoAuthModule, fromBearerHeader, Public } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession } from 'nestjs-cognito-auth/hosted-ui';
import { type Adapter, httpAdapterOf } from '../http/adapters.js';
import { reply, startArgument } from '../processes.js';
import type { PoolSetup } from '../tokens/cognito.js';
import { cognitoAuthOptions } from '../verifiers/cognito-auth.js';

/** Stands before the route: the guard of this library, or one look-up in Redis and no more. */
export type SessionsGuard = 'cookies' | 'store' | 'bare Redis GET';

export interface SessionsSetup {
  readonly adapter: Adapter;
  readonly guard: SessionsGuard;
  readonly pool: PoolSetup;
  /** The address of the hosted pages. */
  readonly domain: string;
  readonly redirectUri: string;
  readonly redis: Redis;
}

/** A place for sessions, and an entry that is as long as one of them. */
export interface Redis {
  readonly url: string;
  readonly namespace: string;
  readonly bareKey: string;
}

const { adapter, guard, pool, domain, redirectUri, redis } = startArgument() as SessionsSetup;
const { url, namespace, bareKey } = redis;

const adapterOfStore = new KeyvRedis(url, { namespace });
const client = guard === 'bare Redis GET' ? await adapterOfStore.getClient() : undefined;

const bareGet = {
  canActivate: async () => typeof (await (client as { get: Get }).get(bareKey)) === 'string',
};
type Get = (key: string) => Promise<unknown>;

@Controller()
class OrdersController {
  @Get('orders')
  @(guard === 'bare Redis GET' ? UseGuards(bareGet) : Authenticated())
  list() {
    return [{ id: 1, status: 'paid' }];
  }

  @Get('cpu')
  @Public()
  cpu() {
    return process.cpuUsage();
  }
}

const auth = CognitoAuthModule.forRoot({
  ...cognitoAuthOptions(pool),
  tokenFrom: [fromBearerHeader(), fromSession({ refresh: true })],
});
const hostedUi = CognitoHostedUiModule.forRoot({
  domain,
  clientId: pool.clientId,
  redirectUri,
  logoutUri: new URL('/', redirectUri).href,
  cookies: { secret: 'a secret of the bench that is long enough' },
  ...(guard === 'store' && { store: new Keyv(adapterOfStore, { namespace }) }),
});

@Module({ imports: [auth, hostedUi], controllers: [OrdersController] })
class AppModule {}

const app = await NestFactory.create(AppModule, await httpAdapterOf(adapter), {
  logger: ['error', 'warn'],
});
await app.listen(0, '127.0.0.1');
reply(`http://127.0.0.1:${app.getHttpServer().address().port}`);
