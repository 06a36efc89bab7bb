import type { INestApplication } from '@nestjs/common';
import {
  CognitoAuthModule,
  CognitoAuthOptionsError,
  MemoryRevocationStore,
} from 'nestjs-cognito-auth';
import type { CognitoAuthErrorCode, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ChatGateway } from './chat.gateway.js';
import { closing, connect, exception, PLATFORMS } from './client.js';
import type { Client } from './client.js';
import { createSocketApp } from './socket-app.js';

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['moderator'] }, { username: 'bob' }],
  });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

/** A store that answers when it is told to. */
class SlowStore extends MemoryRevocationStore {
  /** How many tokens were asked about. */
  asked = 0;
  private waiting?: Promise<void>;
  answer: () => void = () => undefined;

  pause(): void {
    this.waiting = new Promise((resolve) => (this.answer = resolve));
  }

  override async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    this.asked += 1;
    await this.waiting;
    return super.isRevoked(principal);
  }
}

const AUTHENTICATED = {
  event: 'authenticated',
  data: { status: 'ok', expiresAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown },
};

/** What a client sends in the place of `{ token }`. */
const UNFIT: [string, () => unknown, CognitoAuthErrorCode][] = [
  ['forged', () => ({ token: pool.forgedToken() }), 'invalid_signature'],
  ['expired', () => ({ token: pool.accessToken('alice', { expiresIn: -1 }) }), 'token_expired'],
  ['absent', () => ({}), 'missing_token'],
  ['a number', () => ({ token: 7 }), 'missing_token'],
  ['a list', () => ({ token: [alice] }), 'missing_token'],
  ['inherited', () => JSON.parse(`{"__proto__":{"token":"${alice}"}}`) as object, 'missing_token'],
  ['the payload itself', () => alice, 'missing_token'],
  ['null', () => null, 'missing_token'],
];

describe.each(PLATFORMS)('On %s', (platform) => {
  const store = new SlowStore();

  function start(options: CognitoWsOptions): Promise<INestApplication> {
    const auth = CognitoAuthModule.forRoot({ ...pool.options(), revocation: { useValue: store } });
    return createSocketApp(platform, { imports: [auth], providers: [ChatGateway] }, options);
  }

  async function whoIs(client: Client): Promise<unknown> {
    client.send('say', 'hello');
    return client.said();
  }

  const saidBy = (by: string) => ({ event: 'said', data: { by, text: 'hello' } });

  describe("withoutToken: 'wait'", () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start({ withoutToken: 'wait' });
    });

    afterAll(() => app.close());

    it('takes the token from the first message', async () => {
      const { entered } = app.get(ChatGateway);
      entered.length = 0;
      const client = await connect(platform, app);
      client.send('authenticate', { token: alice });
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await whoIs(client)).toEqual(saidBy('alice'));
      expect(entered).toEqual(['alice']);
    });

    it('takes it from the handshake, too', async () => {
      const client = await connect(platform, app, { token: bob });
      expect(await whoIs(client)).toEqual(saidBy('bob'));
    });

    it('closes a socket whose first message is another', async () => {
      const client = await connect(platform, app);
      client.send('time');
      client.send('authenticate', { token: alice });
      expect(await client.said()).toEqual(exception('missing_token'));
      expect(await client.ended).toEqual(closing(platform, 'missing_token'));
    });

    it.each(UNFIT)('closes a socket whose token is %s', async (_, data, code) => {
      const client = await connect(platform, app);
      client.send('authenticate', data());
      client.send('say', 'let me in');
      expect(await client.said()).toEqual(exception(code));
      expect(await client.ended).toEqual(closing(platform, code));
    });

    it('keeps messages that arrive while the token is verified, in order', async () => {
      store.pause();
      const client = await connect(platform, app);
      client.send('authenticate', { token: alice });
      for (let count = 0; count < 100; count += 1) client.send('say', count);
      store.answer();
      expect(await client.said()).toEqual(AUTHENTICATED);
      for (let count = 0; count < 100; count += 1) {
        expect(await client.said()).toEqual({ event: 'said', data: { by: 'alice', text: count } });
      }
    });

    // A socket of ws is paused meanwhile, so that the server does not see it leave.
    it.runIf(platform === 'socket.io')('shows nobody a socket that has left', async () => {
      const { entered, server } = app.get(ChatGateway);
      const { sockets } = server as unknown as { sockets: { sockets: Map<string, unknown> } };
      await vi.waitUntil(() => sockets.sockets.size === 0);
      entered.length = 0;
      store.pause();
      const asked = store.asked;
      const client = await connect(platform, app);
      client.send('authenticate', { token: alice });
      client.send('say', 'hello');
      await vi.waitUntil(() => store.asked > asked);
      client.close();
      await vi.waitUntil(() => sockets.sockets.size === 0);
      store.answer();
      const another = await connect(platform, app, { token: bob });
      expect(await whoIs(another)).toEqual(saidBy('bob'));
      expect(entered).toEqual(['bob']);
    });

    it('sends nothing to a socket before it is authenticated', async () => {
      const waiting = await connect(platform, app);
      const speaker = await connect(platform, app, { token: bob });
      await whoIs(speaker);
      tellAll(app.get(ChatGateway).server);
      expect(await speaker.said()).toEqual({ event: 'news', data: {} });
      waiting.send('authenticate', { token: alice });
      expect(await waiting.said()).toEqual(AUTHENTICATED);
      tellAll(app.get(ChatGateway).server);
      expect(await waiting.said()).toEqual({ event: 'news', data: {} });
    });
  });

  it('closes a socket that does not send a token in time', async () => {
    const app = await start({ withoutToken: 'wait', authenticateWithin: 50 });
    onTestFinished(() => app.close());
    const client = await connect(platform, app);
    expect(await client.said()).toEqual(exception('missing_token'));
    expect(await client.ended).toEqual(closing(platform, 'missing_token'));
  });

  describe("withoutToken: 'admit'", () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start({ withoutToken: 'admit' });
    });

    afterAll(() => app.close());

    it('lets a socket without a token in, to the handlers that need none', async () => {
      const client = await connect(platform, app);
      expect(await whoIs(client)).toEqual(exception('missing_token'));
      client.send('time');
      expect(await client.said()).toEqual({ event: 'time', data: { hour: 12 } });
      client.send('authenticate', { token: alice });
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });

    it('refuses a socket with a bad token', async () => {
      const client = await connect(platform, app, { token: pool.forgedToken() });
      expect(await client.said()).toEqual(exception('invalid_signature'));
    });
  });

  describe('A socket that has a token', () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start({ authenticateEvent: 'token' });
    });

    afterAll(() => app.close());

    it('can replace it without connecting again', async () => {
      const client = await connect(platform, app, {
        token: pool.accessToken('alice', { claims: { 'cognito:groups': [] } }),
      });
      client.send('mute', { username: 'bob' });
      expect(await client.said()).toEqual(exception('insufficient_group'));
      client.send('token', { token: alice });
      expect(await client.said()).toEqual(AUTHENTICATED);
      client.send('mute', { username: 'bob' });
      expect(await client.said()).toMatchObject({ event: 'muted' });
    });

    it('keeps it when the new one is refused', async () => {
      const client = await connect(platform, app, { token: alice });
      client.send('token', { token: pool.forgedToken() });
      expect(await client.said()).toEqual(exception('invalid_signature'));
      client.send('token', {});
      expect(await client.said()).toEqual(exception('missing_token'));
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });

    it('cannot become the socket of another user', async () => {
      const client = await connect(platform, app, { token: alice });
      client.send('token', { token: bob });
      expect(await client.said()).toEqual(exception('wrong_principal'));
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });

    it('keeps its order when it sends many', async () => {
      const client = await connect(platform, app, { token: alice });
      for (const token of [pool.forgedToken(), alice, bob, 'garbage']) {
        client.send('token', { token });
      }
      expect(await client.said()).toEqual(exception('invalid_signature'));
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await client.said()).toEqual(exception('wrong_principal'));
      expect(await client.said()).toEqual(exception('malformed_token'));
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });
  });

  describe('A socket that sends tokens faster than they are verified', () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await start({});
    });

    afterAll(() => app.close());

    /** Has one token verified, and sends others meanwhile. */
    async function flood(client: Client, ...others: string[]): Promise<number> {
      expect(await whoIs(client)).toEqual(saidBy('alice'));
      store.pause();
      const { asked } = store;
      client.send('authenticate', { token: alice });
      await vi.waitUntil(() => store.asked > asked);
      for (const token of others) client.send('authenticate', { token });
      // Answered once all of them have arrived.
      client.send('time');
      expect(await client.said()).toEqual({ event: 'time', data: { hour: 12 } });
      return asked;
    }

    it('is asked about the one that is being verified, and the newest', async () => {
      const client = await connect(platform, app, { token: alice });
      const newer = pool.accessToken('alice');
      const asked = await flood(client, ...Array.from({ length: 500 }, () => alice), bob, newer);
      store.answer();
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(store.asked).toBe(asked + 2);
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });

    it('is told what is wrong with the newest', async () => {
      const client = await connect(platform, app, { token: alice });
      await flood(client, alice, alice, bob);
      store.answer();
      expect(await client.said()).toEqual(AUTHENTICATED);
      expect(await client.said()).toEqual(exception('wrong_principal'));
      expect(await whoIs(client)).toEqual(saidBy('alice'));
    });

    it('costs nothing any more when it has left', async () => {
      const gateway = app.get(ChatGateway);
      const client = await connect(platform, app, { token: alice });
      const asked = await flood(client, ...Array.from({ length: 20 }, () => alice));
      const { left } = gateway;
      client.close();
      await vi.waitUntil(() => gateway.left > left);
      store.answer();
      const another = await connect(platform, app, { token: bob });
      expect(await whoIs(another)).toEqual(saidBy('bob'));
      // The first one; the handshake and the message of the other socket.
      expect(store.asked).toBe(asked + 3);
    });
  });

  it('becomes the socket of another user where that is allowed', async () => {
    const app = await start({ allowUserChange: true });
    onTestFinished(() => app.close());
    const client = await connect(platform, app, { token: alice });
    client.send('authenticate', { token: bob });
    expect(await client.said()).toEqual(AUTHENTICATED);
    expect(await whoIs(client)).toEqual(saidBy('bob'));
  });

  it('asks every token of a socket for the rules of withCognitoAuth()', async () => {
    const app = await start({ groups: ['moderator'] });
    onTestFinished(() => app.close());
    const refused = await connect(platform, app, { token: bob });
    expect(await refused.said()).toEqual(exception('insufficient_group'));
    const client = await connect(platform, app, { token: alice });
    client.send('authenticate', {
      token: pool.accessToken('alice', { claims: { 'cognito:groups': [] } }),
    });
    expect(await client.said()).toEqual(exception('insufficient_group'));
    expect(await whoIs(client)).toEqual(saidBy('alice'));
  });

  it.each([
    [{ withoutToken: 'maybe' }, '"withoutToken" must be "refuse", "wait" or "admit", got "maybe".'],
    [
      { tokenFrom: undefined },
      '"tokenFrom" is undefined; is there a circular import? To do without it, leave it out.',
    ],
    [{ authenticateEvent: '' }, '"authenticateEvent" must name an event, got "".'],
    [{ recheckEvery: 0 }, '"recheckEvery" must be whole milliseconds, 1 to 2147483647, got 0.'],
    [{ groupes: [] }, '"groupes" is no option of withCognitoAuth().'],
  ])('does not start with %j', async (options, problem) => {
    const starting = start(options as CognitoWsOptions);
    await expect(starting).rejects.toThrow(CognitoAuthOptionsError);
    await expect(starting).rejects.toMatchObject({ problems: [problem] });
  });

  it.each([
    { groups: [] },
    { groups: {} },
    { groups: { any: [] } },
    { scopes: '' },
    { principal: '' },
    { tokenUse: [] },
    { userPools: ['stuff'] },
  ])('does not start with a rule that asks for nothing: %j', async (options) => {
    const starting = start(options as never);
    await expect(starting).rejects.toThrow(TypeError);
    await expect(starting).rejects.toThrow(`withCognitoAuth(): "${Object.keys(options)[0]}" `);
  });
});

/** Sends to every socket, in the way of either package. */
function tellAll(server: ChatGateway['server']): void {
  const news = JSON.stringify({ event: 'news', data: {} });
  if (server.clients) for (const client of server.clients) client.send(news, () => undefined);
  else server.emit('news', {});
}
