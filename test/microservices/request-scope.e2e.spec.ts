import { Controller, Get, Inject, Injectable, Module, Scope } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { MessagePattern } from '@nestjs/microservices';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  fromRpcMetadata,
  Groups,
  OptionalAuth,
  Principal,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { rpcRefusal } from './refusals.js';
import { ask, connectedToHybrid, listening } from './transporters.js';

let created = 0;

/** What an application keeps for the time of one request. */
@Injectable({ scope: Scope.REQUEST })
class Visit {
  readonly number = (created += 1);

  constructor(@Inject(REQUEST) readonly request: object) {}
}

/** Is created for each request, because of what it injects. */
@Controller('visits')
class VisitsController {
  constructor(private readonly visit: Visit) {}

  @Get('authenticated')
  @MessagePattern('authenticated')
  @Authenticated()
  authenticated(@CurrentUser('username') username: string) {
    return { username, visit: this.visit.number };
  }

  @Get('groups')
  @MessagePattern('groups')
  @Groups('admin')
  groups(@Principal() { username }: { username: string }) {
    return { username, visit: this.visit.number };
  }

  @Get('optional')
  @MessagePattern('optional')
  @OptionalAuth()
  optional(@CurrentUser('username') username = 'nobody') {
    return { username, visit: this.visit.number };
  }
}

@Module({ providers: [Visit], controllers: [VisitsController] })
class VisitsModule {}

let pool: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
});

const TRANSPORTS = ADAPTERS.flatMap((adapter) => [
  ['requests', adapter] as const,
  ['messages', adapter] as const,
]);

describe.each(TRANSPORTS)(
  'A controller that is created for %s, in an app on %s',
  (kind, adapter) => {
    const isHttp = kind === 'requests';
    const refused = isHttp ? refusal : rpcRefusal;
    const of = (username: string) => (isHttp ? { status: 200, body: { username } } : { username });

    async function start(): Promise<(path: string, token?: string) => Promise<unknown>> {
      const app = await createHybrid(adapter);
      if (isHttp) return (path, token) => send(app, `/visits/${path}`, token);
      const client = await connectedToHybrid(app, place);
      return (path, token) => ask(client, path, { token });
    }

    it('is protected by its rules', async () => {
      const call = await start();
      expect(await call('authenticated')).toMatchObject(refused('missing_token'));
      expect(await call('authenticated', 'a.b.c')).toMatchObject(refused('malformed_token'));
      expect(await call('groups', pool.accessToken('bob'))).toMatchObject(
        refused('insufficient_group'),
      );
      expect(await call('groups', pool.accessToken('alice'))).toMatchObject(of('alice'));
      expect(await call('optional')).toMatchObject(of('nobody'));
      expect(await call('optional', 'a.b.c')).toMatchObject(refused('malformed_token'));
    });

    it('gets the user of its own one, at the same time as others', async () => {
      const call = await start();
      const usernames = Array.from({ length: 20 }, (_, index) => (index % 2 ? 'alice' : 'bob'));
      const before = created;
      const answers = await Promise.all(
        usernames.map((username) => call('authenticated', pool.accessToken(username))),
      );
      expect(answers).toMatchObject(usernames.map(of));
      expect(created - before).toBe(usernames.length);
    });
  },
);

const place = await listening();

async function createHybrid(adapter: Adapter): Promise<INestApplication> {
  const tokenFrom = [fromBearerHeader(), fromRpcMetadata('token')];
  const module = CognitoAuthModule.forRoot({ ...pool.options(), tokenFrom });
  const imports = [module, VisitsModule];
  return startApp(
    adapter,
    { imports },
    { configure: (app) => app.connectMicroservice(place.options) },
  );
}
