import { Keyv } from 'keyv';
import { CognitoAuthService, MemoryRevocationStore } from 'nestjs-cognito-auth';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { refusalOf } from './browser.js';
import type { Browser } from './browser.js';
import { APP, HostedApp, startPool } from './hosted-app.js';

const NAME = '__Host-cognito-session';
const NOBODY = [401, 'missing_token'];
const POST = { method: 'POST' };

let server: LocalUserPoolServer;

beforeAll(async () => {
  // Enough groups for tokens that need several cookies.
  const groups = Array.from({ length: 20 }, (_, index) => `${index}-${'group'.repeat(10)}`);
  ({ server } = await startPool(groups));
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

const orders = (browser: Browser) => browser.call(`${APP}/orders`);

/** Looks at a page as often as it takes to be remembered. */
async function seen(browser: Browser): Promise<Browser> {
  for (let count = 0; count < 3; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await orders(browser)).status).toBe(200);
  }
  return browser;
}

describe.each(
  ADAPTERS.flatMap((adapter) =>
    (['cookies', 'a store'] as const).map((kept) => ({ adapter, kept })),
  ),
)('On $adapter, a session in $kept that was seen before', ({ adapter, kept }) => {
  async function start(
    hostedUi: NonNullable<Parameters<typeof HostedApp.start>[2]>['hostedUi'] = {},
  ) {
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { ...(kept === 'a store' && { store: new Keyv() }), ...hostedUi },
      auth: { revocation: MemoryRevocationStore },
    });
    onTestFinished(() => hosted.close());
    return hosted;
  }

  it('is not served to a cookie that differs anywhere', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    for (const [name, value] of browser.cookiesOf(APP)) {
      for (let at = 0; at < value.length; at += 97) {
        const forged = browser.copy();
        const other = value[at] === 'A' ? 'B' : 'A';
        forged.cookiesOf(APP).set(name, value.slice(0, at) + other + value.slice(at + 1));
        // oxlint-disable-next-line no-await-in-loop
        expect([name, at, ...refusalOf(await orders(forged))]).toEqual([name, at, ...NOBODY]);
      }
    }
    await seen(browser);
  });

  it('is not served to the same text in other cookies', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    const text = browser.cookiesOf(APP).get(NAME) ?? '';
    for (const name of [`${NAME}.1`, `${NAME}.login.1`, 'cognito-session', NAME.toLowerCase()]) {
      const other = hosted.browser();
      other.cookiesOf(APP).set(name, text);
      // oxlint-disable-next-line no-await-in-loop
      expect(refusalOf(await orders(other))).toEqual(NOBODY);
    }
  });

  it('is not served by an application with another secret', async () => {
    const secret = 'another secret, and long enough as well';
    const store = kept === 'a store' ? { store: new Keyv() } : {};
    const [one, other] = [await start(store), await start({ ...store, cookies: { secret } })];
    const [alice, bob] = [
      await seen(await one.signedIn()),
      await seen(await other.signedIn('bob')),
    ];
    expect(refusalOf(await orders(alice.through({ [APP]: other.place })))).toEqual(NOBODY);
    expect(refusalOf(await orders(bob.through({ [APP]: one.place })))).toEqual(NOBODY);
  });

  it('is not served after its user has signed out', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    const stolen = browser.copy();
    await browser.navigate(`${APP}/auth/logout`);
    for (let count = 0; count < 2; count += 1) {
      // oxlint-disable-next-line no-await-in-loop
      expect(refusalOf(await orders(stolen))).toEqual(NOBODY);
    }
  });

  it('is not served after somebody else has signed in', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    const former = browser.copy();
    const again = hosted.browser();
    for (const [name, value] of browser.cookiesOf(APP)) again.cookiesOf(APP).set(name, value);
    await hosted.signedIn('bob', again);
    expect((await orders(again)).body).toBe('{"username":"bob"}');
    expect(refusalOf(await orders(former))).toEqual(NOBODY);
  });

  it('is not served once it is revoked', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    const { sub } = JSON.parse((await browser.call(`${APP}/auth/session`)).body) as { sub: string };
    await hosted.app
      .get(CognitoAuthService)
      .revoke({ sub, issuedBefore: new Date(Date.now() + 5_000) });
    expect(refusalOf(await orders(browser))).toEqual([401, 'token_revoked']);
  });

  it('is served no longer than it may be', async () => {
    const hosted = await start({ cookies: { secret: 's'.repeat(32), maxAge: 60 } });
    const browser = await seen(await hosted.signedIn());
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect(refusalOf(await orders(browser))).toEqual(NOBODY);
  });

  it('has the tokens of its last refresh', async () => {
    const hosted = await start();
    const browser = await seen(await hosted.signedIn());
    const expiryOf = async (path: string, setup = {}) => {
      const { body } = await browser.call(APP + path, setup);
      return (JSON.parse(body) as { expiresAt: string }).expiresAt;
    };
    const former = await expiryOf('/auth/session');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
    const renewed = await expiryOf('/auth/refresh', POST);
    expect(Date.parse(renewed) - Date.parse(former)).toBeGreaterThan(8_000);
    await seen(browser);
    expect(await expiryOf('/auth/session')).toBe(renewed);
  });
});

describe.each(ADAPTERS)('On %s, a session in a store that two instances have seen', (adapter) => {
  async function instances(): Promise<[HostedApp, HostedApp, Keyv]> {
    const store = new Keyv();
    const started = [1, 2].map(() => HostedApp.start(adapter, server, { hostedUi: { store } }));
    const [one, other] = (await Promise.all(started)) as [HostedApp, HostedApp];
    onTestFinished(async () => void (await Promise.all([one.close(), other.close()])));
    return [one, other, store];
  }

  it('is over in both at once, and refreshed in both at once', async () => {
    const [one, other] = await instances();
    const browser = await seen(await one.signedIn());
    const elsewhere = await seen(browser.through({ [APP]: other.place }));
    const sessionOf = async (at: Browser) => (await at.call(`${APP}/auth/session`)).body;
    const former = await sessionOf(elsewhere);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
    await browser.call(`${APP}/auth/refresh`, POST);
    const renewed = await sessionOf(elsewhere);
    expect(renewed).not.toBe(former);
    expect(renewed).toBe(await sessionOf(browser));

    const stolen = browser.copy();
    await browser.navigate(`${APP}/auth/logout`);
    for (const { place } of [other, one]) {
      // oxlint-disable-next-line no-await-in-loop
      expect(refusalOf(await orders(stolen.through({ [APP]: place })))).toEqual(NOBODY);
    }
  });

  it('is not served where the store lost it, or has another one in its place', async () => {
    const [one, , store] = await instances();
    const [alice, bob] = [await seen(await one.signedIn()), await seen(await one.signedIn('bob'))];
    const keys: string[] = [];
    for await (const [key] of store.iterator?.(undefined) ?? []) keys.push(String(key));
    const [first = '', second = ''] = keys.filter((key) => key.includes(':session:'));
    const former = await store.get<string>(first);
    await store.set(first, await store.get<string>(second));
    expect(refusalOf(await orders(alice))).toEqual(NOBODY);
    await store.set(first, former);
    await seen(alice);
    await store.delete(second);
    expect(refusalOf(await orders(bob))).toEqual(NOBODY);
  });
});
