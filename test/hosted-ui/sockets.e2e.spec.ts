import type { INestApplication, ModuleMetadata, WebSocketAdapter } from '@nestjs/common';
import { Field, ObjectType, Query, Resolver, Subscription } from '@nestjs/graphql';
import { Keyv } from 'keyv';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  fromBearerHeader,
  MemoryRevocationStore,
} from 'nestjs-cognito-auth';
import type { CognitoAuthExtras } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession } from 'nestjs-cognito-auth/hosted-ui';
import type { CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPool, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { graphqlModule, SERVERS } from '../graphql/graphql.servers.js';
import { subscribe } from '../graphql/subscriber.js';
import { ADAPTERS, createApp } from '../support/app.js';
import { ChatGateway } from '../websockets/chat.gateway.js';
import { closing, connect, PLATFORMS, refusing } from '../websockets/client.js';
import type { Client, Platform } from '../websockets/client.js';
import { socketAdapter } from '../websockets/socket-app.js';
import { Browser } from './browser.js';
import { FailingStore } from './failing.store.js';
import { APP, PASSWORD, SECRET, startPool } from './hosted-app.js';

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ pool, server } = await startPool());
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

interface Setup {
  readonly store?: CognitoHostedUiOptions['store'];
  readonly refresh?: boolean;
  readonly hooks?: CognitoAuthExtras;
  readonly ws?: CognitoWsOptions;
}

function modulesFor({ store, refresh = true, hooks }: Setup): ModuleMetadata['imports'] & object {
  return [
    CognitoAuthModule.forRoot({
      ...server.options({ tokenFrom: [fromBearerHeader(), fromSession({ refresh })] }),
      ...hooks,
    }),
    CognitoHostedUiModule.forRoot({
      domain: server.domain,
      clientId: 'web',
      redirectUri: `${APP}/auth/callback`,
      logoutUri: `${APP}/bye`,
      cookies: { secret: SECRET },
      ...(store && { store }),
    }),
  ];
}

async function signedIn(url: string): Promise<Browser> {
  const browser = new Browser({ [APP]: url });
  const page = await browser.open(`${APP}/auth/login?returnTo=/auth/session`);
  await browser.signIn(page, 'alice', PASSWORD);
  return browser;
}

/** What a page of this origin makes a browser send with a handshake. */
function handshakeOf(browser: Browser, origin = APP): Record<string, string> {
  const cookie = [...browser.cookiesOf(APP)].map((pair) => pair.join('=')).join('; ');
  return { cookie, origin, host: new URL(APP).host };
}

function laterBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

type CreateServerOfIo = IoAdapter['createIOServer'];
type CreateServer = Parameters<CreateServerOfIo>;

/** An adapter of socket.io whose clients do not miss a ping when the clock is put forward. */
class PatientIoAdapter extends IoAdapter {
  override createIOServer(...[port, options]: CreateServer): ReturnType<CreateServerOfIo> {
    const patience = { ...options, pingTimeout: 24 * HOUR * 1000 };
    return super.createIOServer(port, patience as typeof options);
  }
}

function patient(platform: Platform, app: INestApplication): WebSocketAdapter {
  return platform === 'ws' ? socketAdapter(platform, app) : new PatientIoAdapter(app);
}

const HOUR = 3_600;
const SAID = { event: 'said', data: { by: 'alice', text: 'hi' } };

async function say(client: Client) {
  client.send('say', 'hi');
  return client.said();
}

const refusedWith = (code: string) => ({
  event: 'exception',
  data: expect.objectContaining({ statusCode: 401, code }),
});

const COMBINATIONS = PLATFORMS.flatMap((platform) =>
  ADAPTERS.map((adapter) => [platform, adapter] as const),
);

describe.each(COMBINATIONS)('A session over %s on %s', (platform, adapter) => {
  async function start(setup: Setup = {}) {
    const metadata = { imports: modulesFor(setup), providers: [ChatGateway] };
    const app = await createApp(adapter, metadata, {
      configure: (created) =>
        created.useWebSocketAdapter(withCognitoAuth(created, patient(platform, created), setup.ws)),
    });
    onTestFinished(() => app.close());
    const browser = await signedIn(await app.getUrl());
    return { app, browser };
  }

  const stores = [
    ['in cookies', undefined],
    ['in a store', () => new Keyv()],
  ] as const;

  it.each(stores)('%s opens a socket of the same origin', async (_, store) => {
    const { app, browser } = await start({ store: store?.() });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
  });

  it('opens a socket behind a proxy that hides Host, to pages of this origin only', async () => {
    const { app, browser } = await start();
    const hidden = { host: '127.0.0.1:3000' };
    const client = await connect(platform, app, {
      headers: { ...handshakeOf(browser), ...hidden },
    });
    expect(await say(client)).toEqual(SAID);
    const others: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'http://app.example.com' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const told of others) {
      const headers = { ...handshakeOf(browser), ...hidden, ...told };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const refused = await connect(platform, app, { headers });
      // oxlint-disable-next-line no-await-in-loop
      expect(await refused.ended).toEqual(refusing(platform, 'missing_token'));
    }
  });

  it('opens none of another origin', async () => {
    const { app, browser } = await start();
    for (const origin of ['https://evil.example', 'null', 'https://app.example.com.evil.example']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const client = await connect(platform, app, { headers: handshakeOf(browser, origin) });
      // oxlint-disable-next-line no-await-in-loop
      expect(await client.ended).toEqual(refusing(platform, 'missing_token'));
    }
  });

  it.each(stores)('%s that ends takes its sockets with it', async (_, store) => {
    const { app, browser } = await start({ store: store?.(), ws: { recheckEvery: 50 } });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    await browser.navigate(`${APP}/auth/logout`);
    expect(await client.said()).toEqual(refusedWith('token_revoked'));
    expect(await client.ended).toEqual(closing(platform, 'token_revoked'));
  });

  it('in a store that ends at another instance takes its sockets with it', async () => {
    const store = new Keyv();
    const [one, other] = [await start({ store, ws: { recheckEvery: 50 } }), await start({ store })];
    const client = await connect(platform, one.app, { headers: handshakeOf(one.browser) });
    expect(await say(client)).toEqual(SAID);
    await one.browser.through({ [APP]: await other.app.getUrl() }).navigate(`${APP}/auth/logout`);
    expect(await client.ended).toEqual(closing(platform, 'token_revoked'));
  });

  it.each(stores)('%s that ends has no messages any more', async (_, store) => {
    const { app, browser } = await start({ store: store?.() });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    await browser.navigate(`${APP}/auth/logout`);
    expect(await say(client)).toEqual(refusedWith('token_revoked'));
  });

  it('is that of the socket even where anybody may connect', async () => {
    const { app, browser } = await start({ ws: { withoutToken: 'admit' } });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    const stranger = await connect(platform, app);
    expect(await say(stranger)).toEqual(refusedWith('missing_token'));
  });

  it('in a store keeps its sockets beyond its first tokens', async () => {
    const { app, browser } = await start({ store: new Keyv(), ws: { recheckEvery: 50 } });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    laterBy(HOUR + 60);
    expect(await say(client)).toEqual(SAID);
    // The browser has no new cookie, and needs none.
    expect((await browser.call(`${APP}/auth/session`)).status).toBe(200);
  });

  it('in a store that is refreshed elsewhere keeps its sockets', async () => {
    const setup = { store: new Keyv(), refresh: false, ws: { recheckEvery: 50 } };
    const { app, browser } = await start(setup);
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    laterBy(HOUR - 60);
    expect((await browser.call(`${APP}/auth/refresh`, { method: 'POST' })).status).toBe(200);
    laterBy(120);
    expect(await say(client)).toEqual(SAID);
  });

  it('in cookies lasts as long as the tokens that the socket came with', async () => {
    const { app, browser } = await start();
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    laterBy(HOUR + 60);
    expect(await say(client)).toEqual(refusedWith('token_expired'));
    expect(await client.ended).toEqual(closing(platform, 'token_expired'));
    // Nothing was used up: the browser goes on, and connects again.
    expect((await browser.call(`${APP}/auth/refresh`, { method: 'POST' })).status).toBe(200);
    const again = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(again)).toEqual(SAID);
  });

  it('gives way to a token that the client sends', async () => {
    const { app, browser } = await start();
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    const token = pool.accessToken('alice', { clientId: 'web' });
    client.send('authenticate', { token });
    expect(await client.said()).toMatchObject({ event: 'authenticated' });
    await browser.navigate(`${APP}/auth/logout`);
    expect(await say(client)).toEqual(SAID);
  });

  it('is kept while its store is down, which is answered with 503', async () => {
    const store = new FailingStore();
    const { app, browser } = await start({ store, ws: { recheckEvery: 50 } });
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    store.isDown = true;
    const unavailable = { statusCode: 503, code: 'store_unavailable' };
    expect(await say(client)).toMatchObject({ event: 'exception', data: unavailable });
    store.isDown = false;
    expect(await say(client)).toEqual(SAID);
  });

  // Sockets of ws alone do not know what they were opened with.
  it.runIf(platform === 'socket.io')('is found by the guard alone, too', async () => {
    const metadata = { imports: modulesFor({}), providers: [ChatGateway] };
    const app = await createApp(adapter, metadata, {
      configure: (created) => created.useWebSocketAdapter(socketAdapter(platform, created)),
    });
    onTestFinished(() => app.close());
    const browser = await signedIn(await app.getUrl());
    const client = await connect(platform, app, { headers: handshakeOf(browser) });
    expect(await say(client)).toEqual(SAID);
    const stranger = await connect(platform, app, {
      headers: handshakeOf(browser, 'https://evil.example'),
    });
    expect(await say(stranger)).toEqual(refusedWith('missing_token'));
    await browser.navigate(`${APP}/auth/logout`);
    expect(await say(client)).toEqual(refusedWith('missing_token'));
  });

  it('of one application opens no socket of another', async () => {
    const one = await start();
    const other = await start({ store: new Keyv() });
    const client = await connect(platform, other.app, { headers: handshakeOf(one.browser) });
    expect(await client.ended).toEqual(refusing(platform, 'missing_token'));
  });
});

@ObjectType()
class Beat {
  @Field(() => String)
  username: string;
}

@Resolver(() => Beat)
class BeatsResolver {
  @Subscription(() => Beat)
  @Authenticated()
  async *beats(@CurrentUser('username') username: string) {
    yield { beats: { username } };
    // Until the connection is closed.
    await new Promise(() => undefined);
  }

  @Query(() => String)
  @Authenticated()
  name(@CurrentUser('username') username: string) {
    return username;
  }
}

describe.each(SERVERS)('A session in a subscription on $name', (graphql) => {
  async function start(setup: Setup = {}, isOpen = false) {
    const app = await createApp(graphql.adapter, {
      imports: [...modulesFor(setup), graphqlModule(graphql, { isOpen })],
      providers: [BeatsResolver],
    });
    onTestFinished(() => app.close());
    const browser = await signedIn(await app.getUrl());
    return { app, browser };
  }

  const BEATS = 'subscription { beats { username } }';

  it.each([
    ['connects', false],
    ['is found where anybody may connect', true],
  ])('%s from the same origin', async (_, isOpen) => {
    const { app, browser } = await start({}, isOpen);
    const { next } = await subscribe(app, BEATS, { headers: handshakeOf(browser) });
    expect(await next()).toEqual({ beats: { username: 'alice' } });
  });

  it('does not connect from another origin', async () => {
    const { app, browser } = await start();
    const headers = handshakeOf(browser, 'https://evil.example');
    const { closed, next } = await subscribe(app, BEATS, { headers });
    next().catch(() => undefined);
    expect(await closed).toEqual({ code: 4403, reason: 'missing_token' });
  });

  it.each([
    ['in cookies', undefined],
    ['in a store', () => new Keyv()],
  ] as const)('%s that ends closes it', async (_, store) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { app, browser } = await start({
      store: store?.(),
      hooks: { revocation: MemoryRevocationStore },
    });
    const { closed, next } = await subscribe(app, BEATS, { headers: handshakeOf(browser) });
    expect(await next()).toEqual({ beats: { username: 'alice' } });
    await browser.navigate(`${APP}/auth/logout`);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await closed).toEqual({ code: 4403, reason: 'token_revoked' });
  });

  it('in a store goes on beyond its first tokens', async () => {
    const { app, browser } = await start({ store: new Keyv() });
    const { next, closed } = await subscribe(app, BEATS, { headers: handshakeOf(browser) });
    const isClosed = vi.fn<(reason: unknown) => void>();
    void closed.then(isClosed);
    expect(await next()).toEqual({ beats: { username: 'alice' } });
    laterBy(HOUR + 60);
    const query = await subscribe(app, '{ name }', { headers: handshakeOf(browser) });
    expect(await query.next()).toEqual({ name: 'alice' });
    expect(isClosed).not.toHaveBeenCalled();
  });
});
