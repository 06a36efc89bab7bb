import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Demo, startDemo } from '../../apps/demo/src/demo.js';
import { isInstalled, launch } from './chromium.js';
import { DemoPage } from './demo-page.js';
import { type OtherSite, startOtherSite } from './other-site.js';

const ATTACKS = ['POST /auth/logout', 'POST /auth/refresh', 'GET /auth/logout'];
const NOBODY = 'Nobody is signed in';

describe.runIf(isInstalled())('The page of the demo', () => {
  let browser: Browser;
  let otherSite: OtherSite;

  beforeAll(async () => {
    browser = await launch();
    otherSite = await startOtherSite();
  });

  afterAll(async () => {
    await browser?.close();
    otherSite?.close();
  });

  describe.each(['express', 'fastify'] as const)('on %s', (adapter) => {
    let demo: Demo;
    let visit: DemoPage;

    beforeAll(async () => {
      demo = await startDemo({ adapter, host: '127.0.0.1', port: 0, poolPort: 0 });
    });

    afterAll(() => demo?.close());

    afterEach(async () => {
      vi.useRealTimers();
      await visit.close();
    });

    it('signs a user in, for the API, too, refreshes the session, and signs out', async () => {
      visit = await DemoPage.open(browser, demo.url);
      expect(await visit.heading()).toBe(NOBODY);
      expect(await visit.page.title()).toContain(NOBODY);

      await visit.signIn('bob');
      expect(await visit.text()).toContain('bob@example.com');
      const answers = ['/me', '/orders', '/auth/session', '/admin'].map((path) =>
        visit.statusOf(path),
      );
      expect(await Promise.all(answers)).toEqual([200, 200, 200, 403]);

      const first = await visit.expiry();
      setClock(first - 200_000);
      await visit.refresh();
      const second = await visit.expiry();
      expect(second).toBeGreaterThan(first);
      expect(visit.page.url()).toBe(`${demo.url}/`);

      // Whatever is asked for next gets new tokens.
      setClock(second + 1_000);
      expect((await visit.page.reload())?.status()).toBe(200);
      expect(await visit.heading()).toBe('Signed in as bob');
      expect(await visit.expiry()).toBeGreaterThan(second);

      await visit.signOut();
      expect(await visit.cookies()).toEqual([]);
      expect(visit.complaints).toEqual([]);
    });

    it('asks for a sign-in where it is needed, and shows nobody else what was there', async () => {
      visit = await DemoPage.open(browser, demo.url);
      const { page } = visit;
      await page.getByRole('link', { name: 'Your account' }).click();
      await visit.fillIn('alice', 'wrong');
      await page.getByRole('alert').getByText('Incorrect username or password.').waitFor();
      expect(new URL(page.url()).origin).not.toBe(demo.url);
      expect(await visit.cookiesOfSession()).toEqual([]);

      await visit.fillIn('alice');
      await page.waitForURL(`${demo.url}/account`);
      expect(await visit.text()).toMatch(/^Your account[^]*Alice Ahmed/);

      await page.getByRole('link', { name: 'Back' }).click();
      await visit.signOut();
      const seen: string[] = [];
      // The page of before, and then the account, which is the sign-in page now.
      for (let steps = 0; steps < 2; steps += 1) {
        await page.goBack();
        seen.push(`${await visit.heading()}: ${await visit.text()}`);
      }
      expect(seen.map((text) => text.split(':')[0])).toEqual([NOBODY, 'Sign in']);
      expect(seen.join('\n')).not.toMatch(/Alice|alice@/);
      expect(visit.complaints).toEqual([]);
    });

    it('keeps the session where no script and no other site gets at it', async () => {
      visit = await DemoPage.open(browser, demo.url);
      const { page } = visit;
      await visit.signIn('alice');
      const cookies = await visit.cookiesOfSession();
      expect(cookies.length).toBeGreaterThan(0);
      const kept = { domain: 'localhost', path: '/', httpOnly: true, sameSite: 'Lax' };
      for (const cookie of cookies) expect(cookie).toMatchObject(kept);
      // As a text, because there is no document where this file is compiled.
      const visible: unknown = await page.evaluate(`({
        cookie: document.cookie,
        stored: [localStorage.length, sessionStorage.length],
        hasToken: document.documentElement.outerHTML.includes('eyJ'),
      })`);
      expect(visible).toEqual({ cookie: '', stored: [0, 0], hasToken: false });
      expect(visit.complaints).toEqual([]);

      // The second one is a neighbour, to which browsers are less strict.
      for (const hostname of ['127.0.0.1', 'localhost']) {
        for (const attack of ATTACKS) {
          await page.goto(otherSite.at(hostname, demo.url));
          const button = page.getByRole('button', { name: attack });
          const answer = page.waitForResponse(`${demo.url}/auth/**`);
          await button.click();
          expect([hostname, attack, (await answer).status()]).toEqual([hostname, attack, 403]);
        }
      }
      await page.goto(demo.url);
      expect(await visit.heading()).toBe('Signed in as alice');
      expect(await visit.cookiesOfSession()).toEqual(cookies);
    });

    it('signs in at localhost, wherever it was opened', async () => {
      visit = await DemoPage.open(browser, demo.url.replace('localhost', '127.0.0.1'));

      await visit.signIn('alice');

      expect(visit.page.url()).toBe(`${demo.url}/`);
    });

    it('says that a session was revoked', async () => {
      visit = await DemoPage.open(browser, demo.url);
      await visit.signIn('carol');
      const tokens = await fetch(`${demo.url}/demo/token/alice`);
      const { access_token: token } = (await tokens.json()) as { access_token: string };
      const headers = { authorization: `Bearer ${token}` };
      const path = '/admin/users/carol/revoke';
      expect((await fetch(demo.url + path, { method: 'POST', headers })).status).toBe(200);

      await visit.page.reload();

      expect(await visit.heading()).toBe(NOBODY);
      await visit.page.getByRole('alert').getByText('revoked').waitFor();
    });
  });
});

function setClock(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now });
}
