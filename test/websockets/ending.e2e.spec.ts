import { setTimeout } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import {
  CognitoAuthModule,
  CognitoAuthService,
  MemoryRevocationStore,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ChatGateway } from './chat.gateway.js';
import { closing, connect, exception, PLATFORMS } from './client.js';
import type { Client } from './client.js';
import { createSocketApp } from './socket-app.js';

@WebSocketGateway()
class ProfileGateway {
  @SubscribeMessage('profile')
  @TokenUse('id')
  profile() {
    return { event: 'profile', data: {} };
  }
}

/** A store that can be made to fail, and tells when it was asked. */
class FailingStore extends MemoryRevocationStore {
  fails = false;
  /** Milliseconds that an answer takes. */
  delay = 0;
  private asked: () => void = () => undefined;

  /** Resolves when the store was asked that many times from now on. */
  askedTimes(count: number): Promise<void> {
    let left = count;
    return new Promise((resolve) => {
      this.asked = () => {
        left -= 1;
        if (left === 0) resolve();
      };
    });
  }

  override async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    this.asked();
    if (this.delay) await setTimeout(this.delay);
    if (this.fails) throw new Error('The store is down');
    return super.isRevoked(principal);
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
});

/** A session of its own for each test, so that none sees what another revoked. */
let claims: { origin_jti: string };
let sessions = 0;

beforeEach(() => {
  sessions += 1;
  claims = { origin_jti: `session-${sessions}` };
});

const SAID = { event: 'said', data: { by: 'alice', text: 'hello' } };
const AUTHENTICATED = expect.objectContaining({ event: 'authenticated' }) as unknown;

async function greet(client: Client): Promise<unknown> {
  client.send('say', 'hello');
  return client.said();
}

describe.each(PLATFORMS)('A socket of %s', (platform) => {
  const store = new FailingStore();

  function start(options: CognitoWsOptions = {}): Promise<INestApplication> {
    const auth = CognitoAuthModule.forRoot({ ...pool.options(), revocation: { useValue: store } });
    const providers = [ChatGateway, ProfileGateway];
    return createSocketApp(platform, { imports: [auth], providers }, options);
  }

  describe('whose token expires', () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start();
    });

    afterAll(() => app.close());

    it('is closed although it is silent, unless it has sent a newer one', async () => {
      const token = pool.accessToken('alice', { expiresIn: 3 });
      const renewed = await connect(platform, app, { token });
      renewed.send('authenticate', { token: pool.accessToken('alice') });
      expect(await renewed.said()).toEqual(AUTHENTICATED);
      const clients = [1, 2, 3, 4, 5].map(() => connect(platform, app, { token }));
      for (const client of await Promise.all(clients)) {
        expect(await client.said()).toEqual(exception('token_expired'));
        expect(await client.ended).toEqual(closing(platform, 'token_expired'));
      }
      expect(await greet(renewed)).toEqual(SAID);
    });
  });

  describe('whose token is revoked', () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start();
    });

    afterAll(() => app.close());

    const revoke = () => app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });

    it('is closed with its next message', async () => {
      const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
      expect(await greet(client)).toEqual(SAID);
      await revoke();
      expect(await greet(client)).toEqual(exception('token_revoked'));
      expect(await client.ended).toEqual(closing(platform, 'token_revoked'));
    });

    it('is not let in', async () => {
      await revoke();
      const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
      expect(await client.said()).toEqual(exception('token_revoked'));
    });

    it('stays open when it sends another with its next message', async () => {
      const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
      expect(await greet(client)).toEqual(SAID);
      await revoke();
      client.send('authenticate', { token: pool.accessToken('alice') });
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await greet(client)).toEqual(SAID);
    });

    it('stays open when only a handler refuses its token', async () => {
      const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
      client.send('profile');
      expect(await client.said()).toEqual(exception('wrong_token_use'));
      expect(await greet(client)).toEqual(SAID);
    });

    it('stays open while the store fails, and is served by nobody', async () => {
      const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
      expect(await greet(client)).toEqual(SAID);
      store.fails = true;
      onTestFinished(() => void (store.fails = false));
      expect(await greet(client)).toEqual(exception('hook_failed'));
      client.send('authenticate', { token: pool.accessToken('alice') });
      expect(await client.said()).toEqual(exception('hook_failed'));
      const another = await connect(platform, app, { token: pool.accessToken('alice') });
      expect(await another.said()).toEqual(exception('hook_failed'));
      store.fails = false;
      expect(await greet(client)).toEqual(SAID);
    });
  });

  it('is closed at the end of its token while the store fails', async () => {
    const auth = CognitoAuthModule.forRoot({
      ...pool.options(),
      clockTolerance: 60,
      revocation: { useValue: store },
    });
    const providers = [ChatGateway];
    const app = await createSocketApp(platform, { imports: [auth], providers }, {});
    onTestFinished(() => app.close());
    const token = pool.accessToken('alice', { claims, expiresIn: 2 });
    const client = await connect(platform, app, { token });
    expect(await greet(client)).toEqual(SAID);
    store.fails = true;
    onTestFinished(() => void (store.fails = false));
    expect(await client.said()).toEqual(exception('hook_failed'));
    expect(await client.ended).toEqual(closing(platform, 'hook_failed'));
  });

  it.each([
    ['the same token', (token: string) => token],
    ['tokens of another user', () => pool.accessToken('bob')],
  ])('is closed when its token is revoked although it goes on sending %s', async (_, tokenOf) => {
    const app = await start({ recheckEvery: 20 });
    onTestFinished(() => app.close());
    const token = pool.accessToken('alice', { claims });
    const client = await connect(platform, app, { token });
    expect(await greet(client)).toEqual(SAID);
    store.delay = 20;
    onTestFinished(() => void (store.delay = 0));
    const others = { token: tokenOf(token) };
    const sendTokens = (count: number) => {
      for (let sent = 0; sent < count; sent += 1) client.send('authenticate', others);
    };
    sendTokens(3_000);
    const sending = setInterval(sendTokens, 100, 50);
    onTestFinished(() => clearInterval(sending));
    await store.askedTimes(6);
    await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
    expect(await client.ended).toEqual(closing(platform, 'token_revoked'));
  });

  it('is closed when it is silent and its token is revoked', async () => {
    const app = await start({ recheckEvery: 20 });
    onTestFinished(() => app.close());
    const client = await connect(platform, app, { token: pool.accessToken('alice', { claims }) });
    const other = await connect(platform, app, { token: pool.accessToken('alice') });
    expect(await greet(client)).toEqual(SAID);
    expect(await greet(other)).toEqual(SAID);
    store.fails = true;
    onTestFinished(() => void (store.fails = false));
    await store.askedTimes(6);
    await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
    store.fails = false;
    expect(await client.said()).toEqual(exception('token_revoked'));
    expect(await client.ended).toEqual(closing(platform, 'token_revoked'));
    expect(await greet(other)).toEqual(SAID);
  });
});
