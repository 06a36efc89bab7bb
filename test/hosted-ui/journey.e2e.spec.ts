import { MemoryRevocationStore } from 'nestjs-cognito-auth';
import type { LocalUserPool, LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { Keyv } from 'keyv';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { locationOf } from './browser.js';
import type { Browser, Visit } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

const MODES = ['cookies', 'a store'] as const;

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ pool, server } = await startPool());
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

describe.each(ADAPTERS)('On %s', (adapter) => {
  describe.each(MODES)('a browser whose session is in %s', (mode) => {
    let hosted: HostedApp;
    let revocation: MemoryRevocationStore;

    beforeAll(async () => {
      revocation = new MemoryRevocationStore();
      hosted = await HostedApp.start(adapter, server, {
        auth: { revocation: { useValue: revocation } },
        hostedUi: { clientId: 'rotating', store: mode === 'a store' ? new Keyv() : undefined },
      });
    });

    afterAll(() => hosted.close());

    it('signs in from a protected page, and comes back to it', async () => {
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/orders?page=2`);
      expect(page.url.origin).toBe(server.domain);

      const visit = await browser.signIn(page, 'alice', PASSWORD);

      expect(visit.url.href).toBe(`${APP}/orders?page=2`);
      expect([visit.status, JSON.parse(visit.body)]).toEqual([200, { username: 'alice' }]);
    });

    it('asks Cognito for a code with PKCE, a state and a nonce', async () => {
      const visit = await hosted.browser().navigate(`${APP}/auth/login`);
      const { origin, pathname, searchParams } = locationOf(visit);
      expect(visit.status).toBe(302);
      expect(`${origin}${pathname}`).toBe(`${server.domain}/oauth2/authorize`);
      expect(Object.fromEntries(searchParams)).toEqual({
        response_type: 'code',
        client_id: 'rotating',
        redirect_uri: `${APP}/auth/callback`,
        scope: 'openid email',
        code_challenge_method: 'S256',
        code_challenge: expect.stringMatching(/^[\w-]{43}$/),
        state: expect.stringMatching(/^[\w-]{43}$/),
        nonce: expect.stringMatching(/^[\w-]{43}$/),
      });
    });

    it('is told who is signed in, and no token', async () => {
      const browser = await hosted.signedIn();
      const { status, headers, body } = await browser.call(`${APP}/auth/session`);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(JSON.parse(body)).toMatchObject({
        sub: pool.users[0]?.sub,
        username: 'alice',
        email: 'alice@example.com',
        groups: ['admin'],
        scopes: ['openid', 'email'],
      });
      expect(body).not.toContain('eyJ');
    });

    it('gets cookies that no script, no other site and no other host can use', async () => {
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/auth/login`);
      const answer = await browser.navigate(
        locationOf(await browser.submit(page, 'alice', PASSWORD)),
      );
      const set = answer.headers.getSetCookie();
      expect(set.length).toBeGreaterThan(1);
      for (const cookie of set) {
        expect(cookie).toMatch(/^__Host-cognito-session/);
        expect(cookie).toContain('; Path=/; HttpOnly; Secure; SameSite=Lax');
        expect(cookie.length).toBeLessThan(4_000);
        expect(cookie).not.toMatch(/Domain|eyJ(hbGci|raWQi|jdHki|0eXAi)/);
      }
    });

    it('is refreshed on the fly, with one exchange for all its requests', async () => {
      const browser = await hosted.signedIn();
      const exchanges = exchangesOf(server);
      laterBy(3_600);
      const visits = await Promise.all(
        ['orders', 'own-cookie', 'orders', 'auth/session'].map((path) =>
          browser.call(`${APP}/${path}`),
        ),
      );
      expect(visits.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(exchangesOf(server)).toBe(exchanges + 1);
      const [, ownCookie] = visits as [Visit, Visit];
      expect(browser.cookiesOf(APP).get('theme')).toBe('dark');
      expect(ownCookie.headers.getSetCookie().join('\n')).toContain('__Host-cognito-session=');

      expect((await browser.call(`${APP}/orders`)).status).toBe(200);
      expect(exchangesOf(server)).toBe(exchanges + 1);
    });

    it('refreshes by hand, each time by the refresh token of before', async () => {
      const browser = await hosted.signedIn();
      const refresh = () => browser.call(`${APP}/auth/refresh`, { method: 'POST' });
      expect((await refresh()).status).toBe(200);
      const { status, body } = await refresh();
      expect(status).toBe(200);
      expect(Object.keys(JSON.parse(body) as object)).toEqual(['expiresAt']);
    });

    it('signs out here and at Cognito', async () => {
      const browser = await hosted.signedIn();
      const stolen = new Map(browser.cookiesOf(APP));
      const visit = await browser.navigate(`${APP}/auth/logout`, {
        method: 'POST',
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      expect(visit.status).toBe(302);
      expect(locationOf(visit).href).toBe(
        `${server.domain}/logout?client_id=rotating&logout_uri=${encodeURIComponent(`${APP}/bye`)}`,
      );
      expect([...browser.cookiesOf(APP)]).toEqual([]);
      const bye = await browser.navigate(locationOf(visit));
      expect(locationOf(bye).href).toBe(`${APP}/bye`);
      expect((await browser.open(`${APP}/orders`)).url.origin).toBe(server.domain);

      const thief = hosted.browser();
      for (const [name, value] of stolen) thief.cookiesOf(APP).set(name, value);
      expect((await thief.call(`${APP}/orders`)).status).toBe(401);
    });

    it('is a stranger without its cookie', async () => {
      const { status, headers, body } = await hosted.browser().call(`${APP}/auth/session`);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer realm="api"');
      expect(JSON.parse(body)).toMatchObject({ statusCode: 401, code: 'missing_token' });
    });

    it('is sent to log in only when it opens a page', async () => {
      const browser = hosted.browser();
      const { status, headers, body } = await browser.call(`${APP}/orders`);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer realm="api"');
      expect(JSON.parse(body)).toMatchObject({ code: 'missing_token' });

      const signedIn = await hosted.signedIn();
      const { status: refused } = await signedIn.navigate(`${APP}/id-only`);
      expect(refused).toBe(401);
    });

    it('is refused when another site sends the request', async () => {
      const browser = await hosted.signedIn();
      const headers = { 'sec-fetch-site': 'cross-site' };
      const post = { method: 'POST', headers };
      await expectCode(browser.call(`${APP}/auth/refresh`, post), 403, 'cross_site_request');
      await expectCode(browser.call(`${APP}/auth/logout`, post), 403, 'cross_site_request');
      await expectCode(browser.call(`${APP}/auth/logout`, { headers }), 403, 'cross_site_request');
      await expectCode(browser.call(`${APP}/orders`, post), 401, 'missing_token');
      const { status } = await browser.call(`${APP}/orders`, { method: 'POST' });
      expect(status).toBe(201);
    });

    it('cannot use an answer of Cognito twice, nor one that is not its own', async () => {
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/auth/login`);
      const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
      const cookies = new Map(browser.cookiesOf(APP));
      await expectCode(hosted.browser().call(callback), 400, 'invalid_state');
      expect((await browser.navigate(callback)).status).toBe(302);
      await expectCode(browser.call(callback), 400, 'invalid_state');

      const replay = hosted.browser();
      for (const [name, value] of cookies) replay.cookiesOf(APP).set(name, value);
      const visit = await replay.navigate(callback);
      expect([visit.status, visit.headers.get('content-type')]).toEqual([
        400,
        'text/html; charset=utf-8',
      ]);
      expect(visit.body).toContain('invalid_state');
      expect(namesOfSession(replay)).toEqual([]);
    });
  });

  it('respects the global prefix', async () => {
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { redirectUri: `${APP}/api/auth/callback` },
      configure: (app) => app.setGlobalPrefix('api'),
    });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/api/orders`);
    const { url, status } = await browser.signIn(page, 'bob', PASSWORD);
    await hosted.close();
    expect([url.href, status]).toEqual([`${APP}/api/orders`, 200]);
  });

  it('signs in through an app client with a secret', async () => {
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { clientId: 'confidential', clientSecret: 'wr1ttenAnd+signed' },
    });
    const { status } = await (await hosted.signedIn('bob')).call(`${APP}/orders`);
    await hosted.close();
    expect(status).toBe(200);
  });
});

async function expectCode(visit: Promise<Visit>, status: number, code: string): Promise<void> {
  const { status: answered, body } = await visit;
  expect([answered, (JSON.parse(body) as { code: string }).code]).toEqual([status, code]);
}

function exchangesOf({ requests }: LocalUserPoolServer): number {
  return requests['/oauth2/token'] ?? 0;
}

/** Only the clock moves; timers and sockets go on. */
function laterBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

function namesOfSession(browser: Browser): string[] {
  return [...browser.cookiesOf(APP).keys()].filter((name) => !name.includes('.login.'));
}
