import { Keyv } from 'keyv';
import { MemoryRevocationStore } from 'nestjs-cognito-auth';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { locationOf, refusalOf } from './browser.js';
import type { Browser, Visit } from './browser.js';
import { startDomain } from './domain.js';
import type { Domain } from './domain.js';
import { FailingStore } from './failing.store.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

const POST = { method: 'POST' };
const NOBODY = [401, 'missing_token'];
const CLIENTS = ['web', 'rotating'];
const MODES = ['cookies', 'a store'] as const;

let server: LocalUserPoolServer;
let domain: Domain;

beforeAll(async () => {
  ({ server } = await startPool());
  domain = await startDomain(server);
});

afterAll(async () => {
  domain.close();
  await server.close();
});

afterEach(() => {
  domain.hold = undefined;
  domain.answerTokens = undefined;
  vi.useRealTimers();
});

async function start(setup: Parameters<typeof HostedApp.start>[2] = {}) {
  const hosted = await HostedApp.start('express', server, {
    ...setup,
    hostedUi: { domain: domain.url, ...setup.hostedUi },
  });
  onTestFinished(() => hosted.close());
  return hosted;
}

describe.each(MODES)('A session in %s', (mode) => {
  const storeFor = () => (mode === 'a store' ? new Keyv() : undefined);

  describe.each(CLIENTS)('of the app client %s', (clientId) => {
    it('is refreshed once for fifty requests at the same time', async () => {
      const hosted = await start({ hostedUi: { clientId, store: storeFor() } });
      const browser = await hosted.signedIn();
      laterBy(3_600);
      const before = domain.refreshes;
      const copies = Array.from({ length: 50 }, () => browser.copy());
      const visits = await Promise.all(copies.map((copy) => copy.call(`${APP}/orders`)));
      expect(visits.map(({ status }) => status)).toEqual(Array(50).fill(200));
      expect(domain.refreshes).toBe(before + 1);
      // Each of the fifty answers carries the session on.
      laterBy(3_600);
      const again = await Promise.all(
        copies.slice(0, 5).map((copy) => copy.call(`${APP}/auth/session`)),
      );
      expect(again.map(({ status }) => status)).toEqual(Array(5).fill(200));
    });

    it('is not brought back by a refresh that ends after its user has signed out', async () => {
      const hosted = await start({ hostedUi: { clientId, store: storeFor() } });
      const browser = await hosted.signedIn();
      const refreshing = browser.copy();
      const { release, refresh } = await heldRefresh(refreshing);
      const signingOut = browser.navigate(`${APP}/auth/logout`);
      release();
      await refresh;
      expect((await signingOut).status).toBe(302);
      expect(refusalOf(await browser.call(`${APP}/orders`))).toEqual(NOBODY);
      expect(refusalOf(await refreshing.call(`${APP}/orders`))).toEqual(NOBODY);

      const elsewhere = await start({ hostedUi: { clientId, store: storeFor() } });
      const stolen = await copyAt(elsewhere, refreshing).call(`${APP}/auth/refresh`, POST);
      expect(stolen.status).toBe(401);
    });

    it('does not take the place of the next one, whose user signs in meanwhile', async () => {
      const hosted = await start({ hostedUi: { clientId, store: storeFor() } });
      const browser = await hosted.signedIn('alice');
      const { release, refresh } = await heldRefresh(browser);
      await signIn(browser, 'bob');
      release();
      expect(refusalOf(await refresh)).toEqual([401, 'session_expired']);
      expect((await browser.call(`${APP}/orders`)).body).toBe('{"username":"bob"}');
    });

    it('goes on when its process is started anew', async () => {
      const store = storeFor();
      const before = await start({ hostedUi: { clientId, store } });
      const browser = await before.signedIn();
      await browser.call(`${APP}/auth/refresh`, POST);
      const after = await start({ hostedUi: { clientId, store } });
      const moved = copyAt(after, browser);
      expect((await moved.call(`${APP}/orders`)).status).toBe(200);
      expect((await moved.call(`${APP}/auth/refresh`, POST)).status).toBe(200);
    });

    it('is kept while Cognito hangs, which is answered with 503', async () => {
      const hosted = await start({ hostedUi: { clientId, store: storeFor(), timeout: 200 } });
      const browser = await hosted.signedIn();
      laterBy(3_600);
      domain.isHung = true;
      const unavailable = [503, 'identity_provider_unavailable'];
      const answers = [
        await browser.call(`${APP}/orders`),
        await browser.call(`${APP}/auth/refresh`, POST),
      ];
      domain.isHung = false;
      expect(answers.map(refusalOf)).toEqual([unavailable, unavailable]);
      expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    });
  });

  it('is revoked for all processes, those that refresh it at the same time as well', async () => {
    const store = storeFor();
    const revocation = { useValue: new MemoryRevocationStore() };
    const setup = { hostedUi: { clientId: 'rotating', store }, auth: { revocation } };
    const [one, other] = [await start(setup), await start(setup)];
    const browser = await one.signedIn();
    const elsewhere = copyAt(other, browser);
    const { release, refresh } = await heldRefresh(browser);
    expect((await elsewhere.navigate(`${APP}/auth/logout`)).status).toBe(302);
    release();
    expect((await refresh).status).toBe(401);
    expect((await browser.call(`${APP}/orders`)).status).toBe(401);
    expect((await copyAt(other, browser).call(`${APP}/orders`)).status).toBe(401);
  });
});

describe('A session in a store that two processes share', () => {
  it.each(CLIENTS)(
    'is over when a refresh of one ends after signing out at the other (%s)',
    async (clientId) => {
      const store = new Keyv();
      const one = await start({ hostedUi: { clientId, store } });
      const other = await start({ hostedUi: { clientId, store } });
      const browser = await one.signedIn();
      const elsewhere = copyAt(other, browser);
      const { release, refresh } = await heldRefresh(browser);
      await elsewhere.navigate(`${APP}/auth/logout`);
      const renewed = newestRefreshToken();
      release();
      expect(refusalOf(await refresh)).toEqual([401, 'session_expired']);
      expect(refusalOf(await browser.call(`${APP}/orders`))).toEqual(NOBODY);
      expect(await entriesIn(store)).toEqual([]);
      expect(await renewedBy(renewed())).toEqual({ error: 'invalid_grant' });
    },
  );

  it.each([
    ['has new tokens', undefined],
    ['is refused', () => ({ status: 400, body: { error: 'invalid_grant' } })],
  ])('does not take the next one away when its refresh %s', async (_, answer) => {
    const store = new Keyv();
    const one = await start({ hostedUi: { store } });
    const other = await start({ hostedUi: { store } });
    const browser = await one.signedIn('alice');
    const { release, refresh } = await heldRefresh(browser);
    await signIn(browser.through({ [APP]: other.place }), 'bob');
    domain.answerTokens = answer;
    release();
    expect(refusalOf(await refresh)).toEqual([401, 'session_expired']);
    expect((await browser.call(`${APP}/orders`)).body).toBe('{"username":"bob"}');
  });

  it('is over when signing out at the other comes just before it is written', async () => {
    const store = new GatedStore();
    const one = await start({ hostedUi: { clientId: 'rotating', store } });
    const other = await start({ hostedUi: { clientId: 'rotating', store } });
    const browser = await one.signedIn();
    const elsewhere = copyAt(other, browser);
    store.beforeNextSession = async () => {
      await elsewhere.navigate(`${APP}/auth/logout`);
    };
    const stale = browser.copy();
    expect(refusalOf(await browser.call(`${APP}/auth/refresh`, POST))).toEqual([
      401,
      'session_expired',
    ]);
    expect(refusalOf(await stale.call(`${APP}/orders`))).toEqual(NOBODY);
    expect(refusalOf(await copyAt(other, stale).call(`${APP}/orders`))).toEqual(NOBODY);
  });

  it('ends at Cognito with its newest refresh token when signing out comes just after', async () => {
    const store = new GatedStore();
    const one = await start({ hostedUi: { clientId: 'rotating', store } });
    const other = await start({ hostedUi: { clientId: 'rotating', store } });
    const browser = await one.signedIn();
    const elsewhere = copyAt(other, browser);
    const newest = newestRefreshToken();
    store.beforeNextEnd = async () => {
      await browser.call(`${APP}/auth/refresh`, POST);
    };
    await elsewhere.navigate(`${APP}/auth/logout`);
    expect(refusalOf(await browser.call(`${APP}/orders`))).toEqual(NOBODY);
    expect(await renewedBy(newest())).toEqual({ error: 'invalid_grant' });
  });

  it('is begun once by an answer of Cognito, at whichever it arrives', async () => {
    const store = new Keyv();
    const one = await start({ hostedUi: { store } });
    const other = await start({ hostedUi: { store } });
    const browser = one.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    const replay = copyAt(other, browser);
    expect((await browser.navigate(callback)).status).toBe(302);
    const before = server.requests['/oauth2/token'];
    expect(refusalOf(await replay.call(callback))).toEqual([400, 'invalid_state']);
    expect(server.requests['/oauth2/token']).toBe(before);
  });

  it('is written by both at the same time, and stays one session', async () => {
    const store = new GatedStore();
    const one = await start({ hostedUi: { store } });
    const other = await start({ hostedUi: { store } });
    const browser = await one.signedIn();
    const elsewhere = copyAt(other, browser);
    let second: Promise<unknown> | undefined;
    store.afterNextSession = async () => {
      second = elsewhere.call(`${APP}/auth/refresh`, POST);
      expect(await second).toMatchObject({ status: 200 });
    };
    expect((await browser.call(`${APP}/auth/refresh`, POST)).status).toBe(200);
    expect(second).toBeDefined();
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect((await elsewhere.call(`${APP}/orders`)).status).toBe(200);
    expect(await entriesIn(store)).toHaveLength(1);
  });
});

describe('A store that fails between two steps', () => {
  const unavailable = '503 store_unavailable';

  it('signs nobody in when it takes nothing', async () => {
    const store = new FailingStore();
    const hosted = await start({ hostedUi: { store } });
    const browser = await hosted.signedIn('alice');
    const other = hosted.browser();
    const page = await other.open(`${APP}/auth/login`);
    const callback = locationOf(await other.submit(page, 'bob', PASSWORD));
    store.isFull = true;
    const visits = [await other.call(callback), await browser.call(`${APP}/auth/refresh`, POST)];
    expect(visits.map(outcomeOf)).toEqual([unavailable, unavailable]);
    expect([...other.cookiesOf(APP)]).toEqual([]);
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('signs nobody in by halves', async () => {
    const store = new FailingStore();
    const hosted = await start({ hostedUi: { store } });
    const outcomes: string[] = [];
    for (let calls = 0; calls < 24; calls += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one step later each time
      const browser = await hosted.signedIn('bob');
      browser.cookiesOf(server.domain).clear();
      // oxlint-disable-next-line no-await-in-loop
      const page = await browser.open(`${APP}/auth/login`);
      // oxlint-disable-next-line no-await-in-loop
      const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
      store.callsLeft = calls;
      // oxlint-disable-next-line no-await-in-loop
      const visit = await browser.call(callback);
      store.callsLeft = Infinity;
      outcomes.push(outcomeOf(visit));
      // oxlint-disable-next-line no-await-in-loop
      const { body } = await browser.call(`${APP}/orders`);
      const username = visit.status === 302 ? 'alice' : 'bob';
      expect([calls, body]).toEqual([calls, JSON.stringify({ username })]);
    }
    expect(new Set(outcomes)).toEqual(new Set([unavailable, '302']));
  });

  it('keeps who is signed in, although the refresh token has changed', async () => {
    const store = new FailingStore();
    const hosted = await start({ hostedUi: { store, clientId: 'rotating' } });
    const outcomes: string[] = [];
    for (let calls = 0; calls < 10; calls += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one step later each time
      const browser = await hosted.signedIn();
      store.callsLeft = calls;
      // oxlint-disable-next-line no-await-in-loop
      const visit = await browser.call(`${APP}/auth/refresh`, POST);
      store.callsLeft = Infinity;
      outcomes.push(outcomeOf(visit));
      for (const attempt of ['first', 'second']) {
        // oxlint-disable-next-line no-await-in-loop
        const { status } = await browser.call(`${APP}/auth/refresh`, POST);
        expect([calls, attempt, status]).toEqual([calls, attempt, 200]);
      }
    }
    expect(new Set(outcomes)).toEqual(new Set([unavailable, '200']));
  });

  it('does not keep anybody from signing out', async () => {
    const store = new FailingStore();
    const hosted = await start({ hostedUi: { store } });
    const outcomes: string[] = [];
    for (let calls = 0; calls < 10; calls += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one step later each time
      const browser = await hosted.signedIn();
      const copy = browser.copy();
      store.callsLeft = calls;
      // oxlint-disable-next-line no-await-in-loop
      const visit = await browser.call(`${APP}/auth/logout`, POST);
      store.callsLeft = Infinity;
      outcomes.push(outcomeOf(visit));
      // oxlint-disable-next-line no-await-in-loop
      const left = [browser.cookiesOf(APP).size, ...refusalOf(await copy.call(`${APP}/orders`))];
      expect(left).toEqual(visit.status === 200 ? [0, ...NOBODY] : [1, 200, undefined]);
    }
    expect(new Set(outcomes)).toEqual(new Set([unavailable, '200']));
  });
});

function outcomeOf(visit: Visit): string {
  return visit.status < 400 ? String(visit.status) : refusalOf(visit).join(' ');
}

/** A store where something can happen just before or after it takes an entry. */
class GatedStore extends Keyv {
  beforeNextSession?: () => Promise<void>;
  afterNextSession?: () => Promise<void>;
  beforeNextEnd?: () => Promise<void>;

  override async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    const { beforeNextSession, beforeNextEnd, afterNextSession } = this;
    if (key.includes(':session:')) {
      this.beforeNextSession = undefined;
      this.afterNextSession = undefined;
      await beforeNextSession?.();
    }
    if (key.includes(':end:')) {
      this.beforeNextEnd = undefined;
      await beforeNextEnd?.();
    }
    const isSet = await super.set(key, value, ttl);
    if (key.includes(':session:')) await afterNextSession?.();
    return isSet;
  }
}

/** The sessions that a store has. */
async function entriesIn(store: Keyv): Promise<string[]> {
  const keys: string[] = [];
  for await (const [key] of store.iterator?.(undefined) ?? []) keys.push(String(key));
  return keys.filter((key) => key.includes(':session:'));
}

/** The refresh token that Cognito sends last from now on. */
function newestRefreshToken(): () => string {
  let newest = '';
  domain.answerTokens = (tokens) => {
    newest = String(tokens['refresh_token']);
    return { body: tokens };
  };
  return () => newest;
}

/** What Cognito answers to a refresh token. */
async function renewedBy(refreshToken: string): Promise<unknown> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: 'rotating',
    refresh_token: refreshToken,
  });
  const answer = await fetch(`${server.domain}/oauth2/token`, { method: 'POST', body });
  const { error } = (await answer.json()) as { error?: string };
  return { error };
}

/** A refresh for which Cognito has new tokens, which have not arrived. */
async function heldRefresh(browser: Browser) {
  let release = () => {};
  domain.hold = new Promise((resolve) => (release = resolve));
  const before = domain.refreshes;
  const refresh = browser.call(`${APP}/auth/refresh`, POST);
  await expect.poll(() => domain.refreshes, { interval: 5 }).toBe(before + 1);
  return { release, refresh };
}

/** In the same browser, whoever was signed in at Cognito before. */
async function signIn(browser: Browser, username: string): Promise<void> {
  browser.cookiesOf(server.domain).clear();
  const page = await browser.open(`${APP}/auth/login`);
  await browser.signIn(page, username, PASSWORD);
}

/** The same cookies at another process. */
function copyAt(hosted: HostedApp, browser: Browser): Browser {
  const copy = hosted.browser();
  for (const [name, value] of browser.cookiesOf(APP)) copy.cookiesOf(APP).set(name, value);
  return copy;
}

/** Only the clock moves; timers and sockets go on. */
function laterBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}
