import { Controller, Inject, Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { CONTEXT, EventPattern, MessagePattern } from '@nestjs/microservices';
import {
  CognitoAuthModule,
  fromBearerHeader,
  fromRpcMetadata,
  Groups,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { rpcRefusal } from './refusals.js';
import { ask, connectedToHybrid, listening } from './transporters.js';

let told = 0;

@Controller()
class BoundController {
  constructor() {
    this.remove = this.remove.bind(this);
    this.status = this.status.bind(this);
    this.tell = this.tell.bind(this);
  }

  @MessagePattern('remove')
  @Groups('admin')
  remove() {
    return { removed: true };
  }

  @MessagePattern('status')
  @Public()
  status() {
    return { up: true };
  }

  @EventPattern('tell')
  @Groups('admin')
  tell(_data: unknown) {
    told += 1;
  }
}

@Controller({ scope: Scope.REQUEST })
class RequestScopedController extends BoundController {
  constructor(@Inject(CONTEXT) readonly context: unknown) {
    super();
  }
}

@Controller()
class ReplacedController extends BoundController {
  override remove = () => ({ removed: true });
}

const place = await listening();
let pool: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
});

async function start(adapter: Adapter, controller: Type, protectAll: boolean) {
  const tokenFrom = [fromBearerHeader(), fromRpcMetadata('token')];
  const module = CognitoAuthModule.forRoot({ ...pool.options(), tokenFrom, protectAll });
  const app = await startApp(
    adapter,
    { imports: [module], controllers: [controller] },
    { configure: (one) => one.connectMicroservice(place.options) },
  );
  return connectedToHybrid(app, place);
}

describe.each(ADAPTERS)('Messages for a function that is not the method, on %s', (adapter) => {
  describe.each([false, true])('with protectAll: %s', (protectAll) => {
    it.each([BoundController, RequestScopedController, ReplacedController])(
      'are held to the rules of a class: %o',
      async (controller) => {
        const client = await start(adapter, controller, protectAll);
        const token = pool.accessToken('bob');
        expect(await ask(client, 'remove')).toMatchObject(rpcRefusal('missing_token'));
        expect(await ask(client, 'remove', { token })).toMatchObject(
          rpcRefusal('insufficient_group'),
        );
        expect(await ask(client, 'remove', { token: pool.accessToken('alice') })).toEqual({
          removed: true,
        });
        expect(await ask(client, 'status')).toEqual({ up: true });
      },
    );

    it('and events reach nobody without a token', async () => {
      const client = await start(adapter, BoundController, protectAll);
      const before = told;
      await ask(client, 'tell').catch(() => undefined);
      expect(await ask(client, 'status')).toEqual({ up: true });
      expect(told).toBe(before);
    });
  });
});
