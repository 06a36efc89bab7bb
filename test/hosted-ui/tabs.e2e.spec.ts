import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { Browser, locationOf } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

/** Characters of the header `Cookie`. */
function sizeOfCookies(browser: Browser): number {
  return [...browser.cookiesOf(APP)].map((pair) => pair.join('=')).join('; ').length;
}

describe.each(ADAPTERS)('On %s, a browser', (adapter) => {
  let server: LocalUserPoolServer;
  let hosted: HostedApp;

  beforeAll(async () => {
    ({ server } = await startPool());
    hosted = await HostedApp.start(adapter, server);
  });

  afterAll(async () => {
    await hosted.close();
    await server.close();
  });

  it.each([
    ['short', (tab: number) => `/orders?tab=${tab}`],
    ['long', (tab: number) => `/orders?tab=${tab}&filter=${'x'.repeat(900)}`],
    [
      'mixed',
      (tab: number) => `/orders?tab=${tab}${tab % 2 ? `&f=${'x'.repeat(200 + tab * 20)}` : ''}`,
    ],
  ])(
    'restores 40 tabs with %s addresses at once, and the site stays usable',
    async (_name, pathOf) => {
      const browser = await hosted.signedIn('bob');
      browser.cookiesOf(APP).set('theme', 'x'.repeat(2_000));
      const tabs = Array.from(
        { length: 40 },
        (_, tab) => `${APP}/auth/login?returnTo=${encodeURIComponent(pathOf(tab))}`,
      );
      const begun = await Promise.all(tabs.map((address) => browser.navigate(address)));
      expect(new Set(begun.map(({ status }) => status))).toEqual(new Set([302]));
      expect(sizeOfCookies(browser)).toBeLessThan(14_000);
      expect((await browser.navigate(`${APP}/orders`)).status).toBe(200);

      // Cognito knows the browser, and asks for no password.
      const again = await browser.open(`${APP}/auth/login?returnTo=/feed`);
      expect([again.status, again.body]).toEqual([200, '{"username":"bob"}']);
    },
  );

  it.each([20, 30, 36])(
    'signs in with %i long groups although eight others are under way',
    async (count) => {
      const groups = Array.from({ length: count }, (_, at) => `group-number-${at}-of-many-groups`);
      const { server: other } = await startPool(groups);
      const crowded = await HostedApp.start(adapter, other);
      onTestFinished(async () => {
        await crowded.close();
        await other.close();
      });
      const browser = crowded.browser();
      const pages = await Promise.all(
        Array.from({ length: 8 }, (_, tab) =>
          browser.open(`${APP}/auth/login?returnTo=/feed?tab=${tab}${'q'.repeat(230)}`),
        ),
      );
      await browser.open(`${APP}/auth/login?returnTo=/${'x'.repeat(1_000)}`);
      expect((await browser.signIn(pages[0]!, 'alice', PASSWORD)).body).toBe(
        '{"username":"alice"}',
      );
      expect(sizeOfCookies(browser)).toBeLessThan(15_000);
    },
  );

  it('may finish any of eight sign-ins first that it began at the same time', async () => {
    // oxlint-disable no-await-in-loop -- one browser after the other
    for (let first = 0; first < 8; first += 1) {
      const browser = hosted.browser();
      const pages = await Promise.all(
        Array.from({ length: 8 }, (_, tab) =>
          browser.open(`${APP}/auth/login?returnTo=${encodeURIComponent(`/feed?tab=${tab}`)}`),
        ),
      );
      const page = pages[first];
      const visit = page && (await browser.signIn(page, 'bob', PASSWORD));
      expect([visit?.status, visit?.url.search]).toEqual([200, `?tab=${first}`]);
    }
    // oxlint-enable no-await-in-loop
  });

  it.each<[string, Record<string, string>, string]>([
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'navigation_required'],
    ['a frame', { 'sec-fetch-dest': 'iframe' }, 'navigation_required'],
    ['an embedded object', { 'sec-fetch-dest': 'object' }, 'navigation_required'],
    [
      'a style sheet',
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'style' },
      'navigation_required',
    ],
    [
      'a worker',
      { 'sec-fetch-mode': 'same-origin', 'sec-fetch-dest': 'worker' },
      'navigation_required',
    ],
    [
      'a script of another site',
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'cross-site' },
      'navigation_required',
    ],
    ['a prefetch', { 'sec-purpose': 'prefetch' }, 'prefetch_refused'],
    ['a prerendered page', { 'sec-purpose': 'prefetch;prerender' }, 'prefetch_refused'],
  ])('begins no sign-in for %s', async (_name, headers, code) => {
    const browser = hosted.browser();
    const visit = await browser.navigate(`${APP}/auth/login`, {
      headers: { accept: 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    });
    expect([visit.status, visit.body.includes(code)]).toEqual([403, true]);
    expect(visit.headers.get('www-authenticate')).toBeNull();
    expect(browser.cookiesOf(APP).size).toBe(0);
  });

  it.each([
    ['a page that a service worker passes on', { 'sec-fetch-dest': 'empty' }],
    ['a link of another site', { 'sec-fetch-dest': 'document', 'sec-fetch-site': 'cross-site' }],
    ['the address bar', { 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' }],
  ])('begins a sign-in by %s', async (_name, headers) => {
    const visit = await hosted.browser().navigate(`${APP}/auth/login`, { headers });
    expect(visit.status).toBe(302);
  });

  it('that is a program begins a sign-in, too', async () => {
    // fetch() of Node.js sends Sec-Fetch-Mode and no other of these headers.
    const visit = await fetch(`${hosted.place}/auth/login`, { redirect: 'manual' });
    expect([visit.status, visit.headers.get('location')]).toEqual([
      302,
      expect.stringContaining('/oauth2/authorize?'),
    ]);
    const json = await fetch(`${hosted.place}/auth/login`, {
      headers: { accept: 'application/json' },
    });
    expect(await json.json()).toEqual({ url: expect.stringContaining('/oauth2/authorize?') });
  });

  it('signs in with the last of eight tabs, and then with the first', async () => {
    const browser = hosted.browser();
    const tabs = [];
    for (let tab = 0; tab < 8; tab += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      tabs.push(await browser.open(`${APP}/orders?tab=${tab}`));
    }
    for (const tab of [7, 0]) {
      // oxlint-disable-next-line no-await-in-loop
      const { status, url } = await browser.signIn(tabs[tab]!, 'alice', PASSWORD);
      expect([status, url.search]).toEqual([200, `?tab=${tab}`]);
    }
  });

  describe('that is signed in', () => {
    it('stays so when it reloads an answer of Cognito, and sets nothing', async () => {
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/orders`);
      const back = locationOf(await browser.submit(page, 'alice', PASSWORD));
      await browser.open(back);
      const before = new Map(browser.cookiesOf(APP));
      const again = await browser.navigate(back);
      expect([again.status, again.headers.get('location')]).toEqual([302, '/']);
      expect(again.headers.getSetCookie()).toEqual([]);
      expect(browser.cookiesOf(APP)).toEqual(before);
    });

    it('goes back to the sign-in page, and signs in once more', async () => {
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/orders`);
      await browser.signIn(page, 'alice', PASSWORD);
      const end = await browser.signIn(await browser.open(page.url), 'alice', PASSWORD);
      expect(end.url.pathname).not.toBe('/auth/callback');
    });

    it('is not signed in as another by a strange answer', async () => {
      const browser = await hosted.signedIn('alice');
      const strange = hosted.browser();
      const page = await strange.open(`${APP}/auth/login`);
      const back = locationOf(await strange.submit(page, 'bob', PASSWORD));
      await browser.open(back);
      expect((await browser.call(`${APP}/orders`)).body).toBe('{"username":"alice"}');
    });
  });

  it('that signed out sees a page for an answer of before', async () => {
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/orders`);
    const back = locationOf(await browser.submit(page, 'alice', PASSWORD));
    await browser.open(back);
    await browser.navigate(`${APP}/auth/logout`);
    const { status, body } = await browser.open(back);
    expect([status, /Code: (\w+)/.exec(body)?.[1]]).toEqual([400, 'invalid_state']);
  });

  it('that opened the site by another of its names is told the right one', async () => {
    const other = 'https://www.example.com';
    const browser = new Browser({ [APP]: hosted.place, [other]: hosted.place });
    const page = await browser.open(`${other}/orders`);
    const { status, body } = await browser.signIn(page, 'alice', PASSWORD);
    expect(status).toBe(400);
    expect(body).toContain(`at ${APP}, or it is over`);
  });
});
