import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { INestApplication } from '@nestjs/common';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  CognitoAuthModule,
  CognitoAuthService,
  fromBearerHeader,
  fromCookie,
  MemoryRevocationStore,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ChatGateway } from './chat.gateway.js';
import { closing, connect, exception, PLATFORMS } from './client.js';
import type { Platform } from './client.js';
import { RawWebSocket } from './raw-websocket.js';
import { createSocketApp } from './socket-app.js';

/** Keeps count of what reaches it. */
@WebSocketGateway()
class CountingGateway {
  calls = 0;
  sockets: WeakRef<object>[] = [];
  private left = 0;
  private allLeft: () => void = () => undefined;

  @SubscribeMessage('count')
  @Public()
  count(): void {
    this.calls += 1;
  }

  handleConnection(socket: object): void {
    this.sockets.push(new WeakRef(socket));
  }

  handleDisconnect(): void {
    this.left += 1;
    if (this.left === this.sockets.length) this.allLeft();
  }

  /** Resolves when every socket that has entered is gone. */
  everybodyLeft(): Promise<void> {
    return new Promise((resolve) => {
      this.allLeft = resolve;
      if (this.left === this.sockets.length) resolve();
    });
  }
}

let pool: LocalUserPool;
let alice: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'bob' }] });
  alice = pool.accessToken('alice');
});

function start(platform: Platform, options?: CognitoWsOptions): Promise<INestApplication> {
  const auth = CognitoAuthModule.forRoot({
    ...pool.options(),
    tokenFrom: [fromBearerHeader(), fromCookie('token')],
    revocation: MemoryRevocationStore,
  });
  const providers = [ChatGateway, CountingGateway];
  return createSocketApp(platform, { imports: [auth], providers }, options);
}

describe.each(PLATFORMS)('On %s', (platform) => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await start(platform);
  });

  afterAll(() => app.close());

  it.each([
    ['of the site itself', (host: string) => `http://${host}`, true],
    ['of another site', () => 'https://evil.example', false],
    ['of another port', () => 'http://127.0.0.1:1', false],
    ['of a host that begins the same', (host: string) => `http://${host}.evil.example`, false],
    ['of a sandboxed page', () => 'null', false],
    ['that is no origin', (host: string) => host, false],
  ])('the cookie of a handshake counts by its origin: %s', async (_, originOn, counts) => {
    const { host } = new URL(await app.getUrl());
    const headers = { cookie: `token=${alice}`, origin: originOn(host) };
    const client = await connect(platform, app, { headers });
    client.send('say', 'hello');
    expect(await client.said()).toEqual(
      counts ? { event: 'said', data: { by: 'alice', text: 'hello' } } : exception('missing_token'),
    );
  });

  it('a token of many weeks sets no timer that overflows', async () => {
    const warnings: string[] = [];
    const listener = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', listener);
    onTestFinished(() => void process.off('warning', listener));
    const token = pool.accessToken('alice', { expiresIn: 60 * 24 * 3600 });
    const client = await connect(platform, app, { token });
    client.send('say', 'hello');
    expect(await client.said()).toMatchObject({ event: 'said' });
    expect(warnings).toEqual([]);
  });

  it('sockets that are closed are forgotten', async () => {
    const counting = app.get(CountingGateway);
    for (let count = 0; count < 20; count += 1) {
      const client = await connect(platform, app, { token: alice });
      client.send('say', 'hello');
      await client.said();
      client.close();
    }
    await counting.everybodyLeft();
    // Nest itself remembers the last one of each stream.
    expect(await leftAfterCollecting(counting.sockets, 2)).toBeLessThanOrEqual(2);
  });
});

describe('On socket.io', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await start('socket.io');
  });

  afterAll(() => app.close());

  /** What the server answers to a client that connects by polling, in whatever form that has. */
  async function poll(query: string, headers: Record<string, string>): Promise<string> {
    const address = `${await app.getUrl()}/socket.io/?EIO=4&transport=polling${query}`;
    const get = async (path: string) => (await fetch(path, { headers })).text();
    const [, sid] = /\bsid[\\":]+([\w-]+)/.exec(await get(address)) ?? [];
    const isForm = query !== '';
    const type = isForm ? 'application/x-www-form-urlencoded' : 'text/plain';
    await fetch(`${address}&sid=${sid}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': type },
      body: isForm ? 'd=40' : '40',
    });
    return get(`${address}&sid=${sid}`);
  }

  it.each([
    ['a client that is no browser', '', {}, true],
    ['a script, of a page unknown', '&j=0', {}, false],
    ['a script, whatever its number', '&j=', {}, false],
    ['a script of the site', '&j=0', { 'sec-fetch-site': 'same-origin' }, true],
    ['a script of a neighbour', '&j=0', { 'sec-fetch-site': 'same-site' }, false],
    ['a script of another site', '&j=0', { 'sec-fetch-site': 'cross-site' }, false],
    ['an image of another site', '', { 'sec-fetch-site': 'cross-site' }, false],
  ])(
    'the cookie of a handshake by polling counts by who asks: %s',
    async (_, query, headers, counts) => {
      const answer = await poll(query, { ...headers, cookie: `token=${alice}` });
      expect(answer).toMatch(counts ? /40\{\\?"sid/ : /44\{.*missing_token/);
    },
  );
});

describe('On ws', () => {
  it('two authorization headers are refused', async () => {
    const app = await start('ws');
    onTestFinished(() => app.close());
    const headers = { authorization: [`Bearer ${alice}`, 'Bearer garbage'] };
    const socket = await RawWebSocket.connect(app, headers);
    expect(await socket.receive('malformed_request')).toContain('"code":"malformed_request"');
    socket.end();
  });

  it('messages that come with the token in one piece are kept, a thousand of them', async () => {
    const app = await start('ws', { withoutToken: 'wait' });
    onTestFinished(() => app.close());
    const socket = await RawWebSocket.connect(app, {});
    const messages = Array.from({ length: 1000 }, () => ({ event: 'count' }));
    const token = { event: 'authenticate', data: { token: alice } };
    socket.send(token, ...messages, { event: 'say', data: 'done' });
    await socket.receive('"text":"done"');
    expect(app.get(CountingGateway).calls).toBe(1000);
    socket.end();
  });

  it('a client that does not answer the close reaches no handler any more', async () => {
    const app = await start('ws');
    onTestFinished(() => app.close());
    const counting = app.get(CountingGateway);
    const claims = { origin_jti: 'session-of-a-mute-client' };
    const token = pool.accessToken('alice', { claims });
    const socket = await RawWebSocket.connect(app, { authorization: `Bearer ${token}` });
    socket.send({ event: 'count' }, { event: 'say', data: 'hello' });
    await socket.receive('"text":"hello"');
    expect(counting.calls).toBe(1);
    await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
    socket.send({ event: 'say', data: 'hello' });
    // A close frame, its code 4401, and its reason.
    await socket.receive('\x88\x0f\x11\x31token_revoked');
    socket.send({ event: 'count' }, { event: 'authenticate', data: { token: alice } });
    socket.end();
    await counting.everybodyLeft();
    expect(counting.calls).toBe(1);
  });

  it('garbage for a first message is no token', async () => {
    const app = await start('ws', { withoutToken: 'wait' });
    onTestFinished(() => app.close());
    const client = await connect('ws', app);
    client.send('\u0000', { deep: [[[[]]]] });
    expect(await client.said()).toEqual(exception('missing_token'));
    expect(await client.ended).toEqual(closing('ws', 'missing_token'));
  });
});

/** How many objects are still there when the garbage was collected, again while it is more. */
async function leftAfterCollecting(refs: WeakRef<object>[], enough: number): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let left = refs.length;
  for (let attempt = 0; attempt < 50 && left > enough; attempt += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    left = refs.filter((ref) => ref.deref() !== undefined).length;
  }
  return left;
}
