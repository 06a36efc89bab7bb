import { Keyv } from 'keyv';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { locationOf, refusalOf } from './browser.js';
import type { Browser } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

const NAME = '__Host-cognito-session';
const NOBODY = [401, 'missing_token'];

let server: LocalUserPoolServer;
let largeServer: LocalUserPoolServer;

beforeAll(async () => {
  // Enough groups for tokens that need several cookies.
  const groups = Array.from({ length: 20 }, (_, index) => `${index}-${'group'.repeat(10)}`);
  [server, largeServer] = (await Promise.all([startPool(), startPool(groups)])).map(
    (started) => started.server,
  ) as [LocalUserPoolServer, LocalUserPoolServer];
});

afterAll(() => Promise.all([server.close(), largeServer.close()]));

afterEach(() => vi.useRealTimers());

describe.each(ADAPTERS)('On %s, the cookies of a session', (adapter) => {
  let hosted: HostedApp;
  let stored: HostedApp;

  beforeAll(async () => {
    hosted = await HostedApp.start(adapter, largeServer);
    stored = await HostedApp.start(adapter, server, { hostedUi: { store: new Keyv() } });
  });

  afterAll(() => Promise.all([hosted.close(), stored.close()]));

  it('are of no use with any part changed', async () => {
    for (const app of [hosted, stored]) {
      const browser = await app.signedIn();
      for (const [name, value] of browser.cookiesOf(APP)) {
        for (let at = 0; at < value.length; at += 89) {
          const changed = value.slice(0, at) + other(value[at]) + value.slice(at + 1);
          // oxlint-disable-next-line no-await-in-loop -- one at a time: each leaves the others whole
          expect([at, ...(await answerWith(browser, name, changed))]).toEqual([at, ...NOBODY]);
        }
        for (const changed of [
          '',
          value.slice(0, -1),
          value.slice(1),
          `${value}A`,
          value + value,
        ]) {
          // oxlint-disable-next-line no-await-in-loop
          expect(await answerWith(browser, name, changed)).toEqual(NOBODY);
        }
      }
      expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    }
  });

  it('are of no use in another order, or without one of them', async () => {
    const browser = await hosted.signedIn();
    const [first = '', second = ''] = [NAME, `${NAME}.1`].map((name) =>
      browser.cookiesOf(APP).get(name),
    );
    expect(first).toMatch(/^[23]\./);
    const swapped = browser.copy();
    swapped.cookiesOf(APP).set(NAME, `${first.slice(0, 2)}${second}`);
    swapped.cookiesOf(APP).set(`${NAME}.1`, first.slice(2));
    expect(refusalOf(await swapped.call(`${APP}/orders`))).toEqual(NOBODY);

    for (const name of browser.cookiesOf(APP).keys()) {
      const without = browser.copy();
      without.cookiesOf(APP).delete(name);
      // oxlint-disable-next-line no-await-in-loop
      expect(refusalOf(await without.call(`${APP}/orders`))).toEqual(NOBODY);
    }
    for (const count of ['0', '1', '2', '4', '9', '10', '-1', '03']) {
      const counted = `${count}${first.slice(1)}`;
      // oxlint-disable-next-line no-await-in-loop
      expect([count, ...(await answerWith(browser, NAME, counted))]).toEqual([count, ...NOBODY]);
    }
  });

  it('are of no use when they are of two sessions', async () => {
    const [alice, again] = [await hosted.signedIn(), await hosted.signedIn()];
    const mixed = alice.copy();
    mixed.cookiesOf(APP).set(`${NAME}.1`, again.cookiesOf(APP).get(`${NAME}.1`) ?? '');
    expect(refusalOf(await mixed.call(`${APP}/orders`))).toEqual(NOBODY);
  });

  it('leave nothing behind when a smaller session follows', async () => {
    const browser = await hosted.signedIn('alice');
    expect([...browser.cookiesOf(APP).keys()]).toEqual([NAME, `${NAME}.1`, `${NAME}.2`]);
    const again = hosted.browser();
    for (const [name, value] of browser.cookiesOf(APP)) again.cookiesOf(APP).set(name, value);
    await hosted.signedIn('bob', again);
    expect([...again.cookiesOf(APP).keys()].toSorted()).toEqual([NAME, `${NAME}.1`]);
    expect((await again.call(`${APP}/orders`)).body).toBe('{"username":"bob"}');
  });

  it('are not those of a store, nor of a sign-in', async () => {
    const inCookies = await HostedApp.start(adapter, server);
    const browsers = [await inCookies.signedIn('bob'), await stored.signedIn('bob')] as const;
    const begun = stored.browser();
    await begun.navigate(`${APP}/auth/login`);
    const [login = ''] = [...begun.cookiesOf(APP).values()];
    const exchanged = [...browsers].toReversed().map((browser, index) => {
      const app = [inCookies, stored][index] as HostedApp;
      const copy = app.browser();
      for (const [name, value] of browser.cookiesOf(APP)) copy.cookiesOf(APP).set(name, value);
      return copy.call(`${APP}/orders`);
    });
    const asSession = [await answerWith(browsers[0], NAME, `1.${login}`)];
    asSession.push(await answerWith(browsers[1], NAME, `1.${login}`));
    const answers = (await Promise.all(exchanged)).map(refusalOf);
    await inCookies.close();
    expect([...answers, ...asSession]).toEqual([NOBODY, NOBODY, NOBODY, NOBODY]);
  });

  it('cannot be made of what a store has, where the secret is the same', async () => {
    const store = new Keyv();
    const app = await HostedApp.start(adapter, server, { hostedUi: { store } });
    await app.signedIn('alice');
    let sealed = '';
    for await (const [key, value] of store.iterator?.(undefined) ?? []) {
      if (String(key).includes(':session:')) sealed = String(value);
    }
    const thief = hosted.browser();
    const chunks = sealed.match(/.{1,3600}/g) ?? [];
    for (const [index, chunk] of chunks.entries()) {
      const first = `${chunks.length}.${chunk}`;
      thief.cookiesOf(APP).set(index ? `${NAME}.${index}` : NAME, index ? chunk : first);
    }
    const visit = await thief.call(`${APP}/auth/session`);
    await app.close();
    expect(chunks.length).toBeGreaterThan(0);
    expect(refusalOf(visit)).toEqual(NOBODY);
  });

  it('stand for nobody when one comes twice, whichever is first', async () => {
    const [alice, bob] = [await stored.signedIn('alice'), await stored.signedIn('bob')];
    const cookies = [alice, bob].map((browser) => browser.cookiesOf(APP).get(NAME) ?? '');
    for (const [one, two] of [cookies, cookies.toReversed(), [cookies[0], 'planted']]) {
      const cookie = `${NAME}=${one}; theme=dark; ${NAME}=${two}`;
      // oxlint-disable-next-line no-await-in-loop
      const visit = await stored.browser().call(`${APP}/orders`, { headers: { cookie } });
      expect(refusalOf(visit)).toEqual(NOBODY);
    }
  });

  it('are not those of another entry, moved within the store', async () => {
    const store = new Keyv();
    const app = await HostedApp.start(adapter, server, { hostedUi: { store } });
    const [alice, bob] = [await app.signedIn('alice'), await app.signedIn('bob')];
    const keys: string[] = [];
    for await (const [key] of store.iterator?.(undefined) ?? []) keys.push(String(key));
    const [first = '', second = ''] = keys.filter((key) => key.includes(':session:'));
    const former = await store.get<string>(first);
    await store.set(first, await store.get<string>(second));
    await store.set(second, former);
    const visits = [await alice.call(`${APP}/orders`), await bob.call(`${APP}/orders`)];
    await app.close();
    expect(visits.map(refusalOf)).toEqual([NOBODY, NOBODY]);
  });

  it.each(['\u00a0', '\u0085', '$', '"', '='])(
    'are not planted under a name that begins with %j',
    async (start) => {
      const browser = await stored.signedIn();
      const cookie = `${start}${NAME}=${browser.cookiesOf(APP).get(NAME)}`;
      const visit = await stored.browser().call(`${APP}/orders`, { headers: { cookie } });
      expect(refusalOf(visit)).toEqual(NOBODY);
    },
  );

  it('are found among hundreds, of which none pollutes anything', async () => {
    const browser = await stored.signedIn();
    const jar = browser.cookiesOf(APP);
    for (let index = 0; index < 300; index += 1) jar.set(`${NAME}.login.${index}`, 'x');
    for (const name of ['__proto__', 'constructor', 'toString', `${NAME}.__proto__`]) {
      jar.set(name, '{"isAdmin":true}');
    }
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    const login = await browser.navigate(`${APP}/auth/login`);
    expect(login.status).toBe(302);
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('of a sign-in are each for their own tab', async () => {
    const browser = stored.browser();
    const [one, two] = [
      await browser.open(`${APP}/auth/login?returnTo=/orders?tab=1`),
      await browser.open(`${APP}/auth/login?returnTo=/orders?tab=2`),
    ];
    const second = locationOf(await browser.submit(two, 'alice', PASSWORD));
    const first = locationOf(await browser.submit(one, 'alice', PASSWORD));
    const mixed = new URL((await browser.navigate(`${APP}/auth/login`)).headers.get('location')!);
    const state = mixed.searchParams.get('state') ?? '';
    expect((await browser.open(first)).url.search).toBe('?tab=1');
    const swapped = `${APP}/auth/callback?code=${second.searchParams.get('code')}&state=${state}`;
    expect(refusalOf(await browser.call(swapped))).toEqual([400, 'code_rejected']);
  });

  it('of a sign-in are over after ten minutes', async () => {
    const browser = stored.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 601_000 });
    expect(refusalOf(await browser.call(callback))).toEqual([400, 'invalid_state']);
  });
});

async function answerWith(browser: Browser, name: string, value: string) {
  const copy = browser.copy();
  copy.cookiesOf(APP).set(name, value);
  return refusalOf(await copy.call(`${APP}/orders`));
}

function other(character = ''): string {
  return character === 'A' ? 'B' : 'A';
}
