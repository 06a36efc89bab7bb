import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { CognitoAuthModule, CurrentUser, Groups, Scopes, TokenUse } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';
import { greetingOf, MeController } from './support/me.controller.js';
import { refusal } from './support/refusals.js';

@Controller()
class RuledController {
  @Get('admin')
  @Groups('admin')
  admin(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('orders')
  @Scopes('orders/read')
  orders() {
    return {};
  }

  @Get('id')
  @TokenUse('id')
  id() {
    return {};
  }
}

const ALICE = greetingOf('alice');

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice', groups: ['admin'] }] });
});

afterEach(() => {
  vi.useRealTimers();
});

function start(adapter: Adapter, options: Partial<CognitoAuthOptions> = {}) {
  return startApp(adapter, {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), ...options })],
    controllers: [MeController, RuledController],
  });
}

/** Sends a token until it is remembered, and once more. */
async function sendOften(app: INestApplication, token: string): Promise<void> {
  for (let time = 0; time < 3; time += 1) {
    // oxlint-disable-next-line no-await-in-loop -- remembered when it comes back
    expect(await send(app, '/me', token)).toMatchObject(ALICE);
  }
}

describe.each(ADAPTERS)('A token that was verified before on %s', (adapter) => {
  it('is held to the rules of each route', async () => {
    const app = await start(adapter);
    const token = pool.accessToken('alice');
    await sendOften(app, token);
    expect(await send(app, '/admin', token)).toMatchObject(ALICE);
    expect(await send(app, '/orders', token)).toMatchObject(
      refusal('insufficient_scope', { scopes: ['orders/read'] }),
    );
    expect(await send(app, '/id', token)).toMatchObject(refusal('wrong_token_use'));
    expect(await send(app, '/me', token)).toMatchObject(ALICE);
  });

  it.each<Partial<CognitoAuthOptions>>([{}, { tokenCache: false }, { clockTolerance: 30 }])(
    'is refused from its expiry on, with %j',
    async (options) => {
      const app = await start(adapter, options);
      const token = pool.accessToken('alice', { expiresIn: 60 });
      await sendOften(app, token);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 95_000 });
      expect(await send(app, '/me', token)).toMatchObject(refusal('token_expired'));
    },
  );

  it('vouches for no token that differs in a character', async () => {
    const app = await start(adapter);
    const token = pool.accessToken('alice');
    await sendOften(app, token);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const forged = Buffer.from(signature, 'base64url').fill(0).toString('base64url');
    expect(await send(app, '/me', `${header}.${payload}.${forged}`)).toMatchObject(
      refusal('invalid_signature'),
    );
    const [, otherPayload] = pool.accessToken('alice').split('.');
    expect(await send(app, '/me', `${header}.${otherPayload}.${signature}`)).toMatchObject(
      refusal('invalid_signature'),
    );
    expect(await send(app, '/me', `${header}.${payload}.`)).toMatchObject(
      refusal('malformed_token'),
    );
  });

  it('is unknown to another application', async () => {
    const stranger = await LocalUserPool.create({ users: [{ username: 'alice' }] });
    const app = await start(adapter);
    const other = await start(adapter, stranger.options());
    const token = pool.accessToken('alice');
    await sendOften(app, token);
    expect(await send(other, '/me', token)).toMatchObject(refusal('wrong_issuer'));
  });

  it('still counts once it was pushed out of the memory', async () => {
    const app = await start(adapter, { tokenCache: { maxEntries: 1 } });
    const [first, second] = [pool.accessToken('alice'), pool.accessToken('alice')];
    for (const token of [first, first, second, second, first, second]) {
      // oxlint-disable-next-line no-await-in-loop -- each pushes the other out
      expect(await send(app, '/me', token)).toMatchObject(ALICE);
    }
  });
});
