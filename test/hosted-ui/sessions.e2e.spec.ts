import { ForbiddenException, HttpException } from '@nestjs/common';
import { Keyv } from 'keyv';
import { MemoryRevocationStore } from 'nestjs-cognito-auth';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { locationOf } from './browser.js';
import type { Browser, Visit } from './browser.js';
import { startDomain } from './domain.js';
import { FailingStore } from './failing.store.js';
import { APP, HostedApp, PASSWORD, SECRET, startPool } from './hosted-app.js';

let server: LocalUserPoolServer;

beforeAll(async () => {
  server = await startPool().then((started) => started.server);
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

async function start(adapter: Adapter, setup: Parameters<typeof HostedApp.start>[2] = {}) {
  const hosted = await HostedApp.start(adapter, server, setup);
  onTestFinished(() => hosted.close());
  return hosted;
}

describe.each(ADAPTERS)('On %s, a session', (adapter) => {
  it('survives Cognito being down, which is answered with 503', async () => {
    const domain = await startDomain(server);
    onTestFinished(() => domain.close());
    const hosted = await start(adapter, { hostedUi: { domain: domain.url } });
    const browser = await hosted.signedIn('alice');
    laterBy(3_600);
    domain.isDown = true;
    const unavailable = { status: 503, code: 'identity_provider_unavailable', retryAfter: '1' };
    expect(answerOf(await browser.call(`${APP}/orders`))).toEqual(unavailable);
    expect(answerOf(await browser.call(`${APP}/auth/session`))).toEqual(unavailable);
    expect(answerOf(await browser.call(`${APP}/auth/refresh`, POST))).toEqual(unavailable);

    domain.isDown = false;
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('ends when Cognito does not renew it any more', async () => {
    const [hosted, elsewhere] = [await start(adapter), await start(adapter)];
    const browser = await hosted.signedIn('alice');
    const other = copyOf(browser, hosted);
    await copyOf(browser, elsewhere).navigate(`${APP}/auth/logout`);
    laterBy(3_600);
    const { status, code } = answerOf(await other.call(`${APP}/auth/refresh`, POST));
    expect([status, code]).toEqual([401, 'session_expired']);
    expect([...other.cookiesOf(APP)]).toEqual([]);

    expect(answerOf(await browser.call(`${APP}/orders`)).code).toBe('missing_token');
    expect(JSON.parse((await browser.call(`${APP}/feed`)).body)).toEqual({ username: 'anonymous' });
  });

  it('is over after its age, refreshed or not', async () => {
    const hosted = await start(adapter, { hostedUi: { cookies: { secret: SECRET, maxAge: 600 } } });
    const browser = await hosted.signedIn('alice');
    laterBy(599);
    expect((await browser.call(`${APP}/auth/session`)).status).toBe(200);
    laterBy(2);
    expect(answerOf(await browser.call(`${APP}/auth/session`)).code).toBe('missing_token');
  });

  it('is marked as revoked for all who verify its tokens when its user signs out', async () => {
    const revocation = new MemoryRevocationStore();
    const hosted = await start(adapter, { auth: { revocation: { useValue: revocation } } });
    const other = await start(adapter, { auth: { revocation: { useValue: revocation } } });
    const browser = await hosted.signedIn('alice');
    const elsewhere = copyOf(browser, other);
    expect((await elsewhere.call(`${APP}/orders`)).status).toBe(200);
    await browser.navigate(`${APP}/auth/logout`);
    expect(answerOf(await elsewhere.call(`${APP}/orders`)).code).toBe('token_revoked');
  });

  it('is read with every secret and sealed with the first', async () => {
    const former = 'the secret of before, which is long enough';
    const before = await start(adapter, { hostedUi: { cookies: { secret: former } } });
    const after = await start(adapter, { hostedUi: { cookies: { secret: [SECRET, former] } } });
    const only = await start(adapter);
    const browser = copyOf(await before.signedIn('alice'), after);
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect((await copyOf(browser, only).call(`${APP}/orders`)).status).toBe(401);
    await browser.call(`${APP}/auth/refresh`, POST);
    expect((await copyOf(browser, only).call(`${APP}/orders`)).status).toBe(200);
  });

  it('that does not fit into cookies is refused, and fits into a store', async () => {
    const groups = Array.from({ length: 100 }, (_, index) => `${index}-${'group'.repeat(10)}`);
    const largePool = await startPool(groups);
    onTestFinished(() => largePool.server.close());
    const inCookies = await HostedApp.start(adapter, largePool.server);
    onTestFinished(() => inCookies.close());
    const browser = inCookies.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    expect(answerOf(await browser.call(callback))).toMatchObject({
      status: 431,
      code: 'session_too_large',
    });
    expect([...browser.cookiesOf(APP)]).toEqual([]);

    const inStore = await HostedApp.start(adapter, largePool.server, {
      hostedUi: { store: new Keyv() },
    });
    onTestFinished(() => inStore.close());
    expect((await (await inStore.signedIn('alice')).call(`${APP}/orders`)).status).toBe(200);
  });

  it('in a store is shared by several instances, although its refresh token rotates', async () => {
    const store = new Keyv();
    const setup = { hostedUi: { clientId: 'rotating', store } };
    const [one, other] = [await start(adapter, setup), await start(adapter, setup)];
    const browser = await one.signedIn('alice');
    const elsewhere = copyOf(browser, other);
    laterBy(3_600);
    const visits = await Promise.all([
      browser.call(`${APP}/orders`),
      elsewhere.call(`${APP}/orders`),
    ]);
    expect(visits.map(({ status }) => status)).toEqual([200, 200]);

    await browser.navigate(`${APP}/auth/logout`);
    expect(answerOf(await elsewhere.call(`${APP}/orders`)).code).toBe('missing_token');
  });

  it('is not lost when its store is, which is answered with 503', async () => {
    const store = new FailingStore();
    const hosted = await start(adapter, { hostedUi: { store } });
    const browser = await hosted.signedIn('alice');
    store.isDown = true;
    const unavailable = { status: 503, code: 'store_unavailable', retryAfter: '1' };
    expect(answerOf(await browser.call(`${APP}/orders`))).toEqual(unavailable);
    expect(answerOf(await browser.call(`${APP}/auth/logout`))).toEqual(unavailable);
    store.isDown = false;
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
  });

  it('of one application is none in another of the same process', async () => {
    const one = await start(adapter, { hostedUi: { cookies: { secret: SECRET, name: 'one' } } });
    const other = await start(adapter, { hostedUi: { cookies: { secret: SECRET, name: 'two' } } });
    const browser = await one.signedIn('alice');
    expect((await browser.call(`${APP}/orders`)).status).toBe(200);
    expect((await copyOf(browser, other).call(`${APP}/orders`)).status).toBe(401);
  });

  it.each(['', 'garbage', '1.', '1.Fe26.2**a*b*c**d*e', '3.Fe26.2', '9.x', '__proto__'])(
    'is none with the cookie %j',
    async (value) => {
      const hosted = await start(adapter);
      const browser = hosted.browser();
      browser.cookiesOf(APP).set('__Host-cognito-session', value);
      expect(answerOf(await browser.call(`${APP}/orders`)).code).toBe('missing_token');
    },
  );
});

describe.each(ADAPTERS)('On %s, a sign-in', (adapter) => {
  it('works with each issuer that the user pool may have', async () => {
    const issuer = ['https://issuer.example/pool', server.issuer];
    const hosted = await start(adapter, { auth: { issuer } });
    expect((await (await hosted.signedIn('alice')).call(`${APP}/orders`)).status).toBe(200);
  });

  it('leads where the application says, or else back to where it came from', async () => {
    const afterLogin = vi.fn<() => string | undefined>(() => '/feed');
    const hosted = await start(adapter, { hostedUi: { afterLogin } });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).url.href).toBe(`${APP}/feed`);
    expect(afterLogin).toHaveBeenCalledWith({
      user: expect.objectContaining({ tokenUse: 'access', username: 'alice' }),
      identity: expect.objectContaining({ tokenUse: 'id', email: 'alice@example.com' }),
      returnTo: undefined,
    });
    const fromOrders = `${APP}/auth/login?returnTo=/orders`;
    expect((await browser.open(fromOrders)).url.pathname).toBe('/feed');
    afterLogin.mockReturnValue(undefined);
    expect((await browser.open(fromOrders)).url.pathname).toBe('/orders');
  });

  it.each(['https://evil.example/', '//evil.example', '/auth/logout', 7])(
    'is not led to %j by the application',
    async (path) => {
      const hosted = await start(adapter, { hostedUi: { afterLogin: () => path as string } });
      const browser = hosted.browser();
      const page = await browser.open(`${APP}/auth/login?returnTo=/orders`);
      const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
      expect(answerOf(await browser.call(callback))).toMatchObject({
        status: 503,
        code: 'hook_failed',
      });
      expect([...browser.cookiesOf(APP)]).toEqual([]);
    },
  );

  it.each([
    new ForbiddenException({ code: 4711, message: 'No contract' }),
    new ForbiddenException({ code: { a: 1 } }),
    new ForbiddenException('No contract'),
    new HttpException(null as never, 403),
  ])('is refused on a page by whatever exception the application throws', async (exception) => {
    const afterLogin = () => {
      throw exception;
    };
    const hosted = await start(adapter, { hostedUi: { afterLogin } });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const visit = await browser.signIn(page, 'alice', PASSWORD);
    expect([visit.status, visit.headers.get('content-type')]).toEqual([
      403,
      'text/html; charset=utf-8',
    ]);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it('leads to the start when the application says nothing', async () => {
    const hosted = await start(adapter, { hostedUi: { afterLogin: () => undefined } });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).url.href).toBe(`${APP}/`);
  });

  it.each([
    ['refuses', new ForbiddenException('Ask for an account'), 403, undefined],
    ['fails', new Error('the database is down'), 503, 'hook_failed'],
  ])('sets nothing when the application %s', async (_, error, status, code) => {
    const afterLogin = () => Promise.reject(error);
    const hosted = await start(adapter, { hostedUi: { afterLogin } });
    const browser = hosted.browser();
    const page = await browser.open(`${APP}/auth/login`);
    const callback = locationOf(await browser.submit(page, 'alice', PASSWORD));
    expect(answerOf(await browser.call(callback))).toMatchObject({ status, code });
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it('tells on a page why Cognito did not sign the user in, in known words only', async () => {
    const hosted = await start(adapter);
    for (const [error, shown] of [
      ['access_denied', 'access_denied'],
      ['<script>alert(1)</script>', 'The sign-in did not succeed.'],
    ] as const) {
      const browser = hosted.browser();
      const state = await stateOf(browser);
      const query = new URLSearchParams({ error, state });
      const visit = await browser.navigate(`${APP}/auth/callback?${query.toString()}`);
      expect(visit.status).toBe(400);
      expect(visit.body).toContain(shown);
      expect(visit.body).toContain('login_failed');
      expect(visit.body).not.toMatch(/<script|alert\(/);
      expect(visit.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(visit.headers.get('cache-control')).toBe('no-store');
    }
  });

  it.each([
    ['an unknown code', 'code=unknown', 'code_rejected'],
    ['no code', 'x=1', 'code_rejected'],
    ['two codes', 'code=a&code=b', 'code_rejected'],
    ['another issuer', 'code=a&iss=https://evil.example', 'code_rejected'],
  ])('is refused with %s', async (_, query, code) => {
    const hosted = await start(adapter);
    const browser = hosted.browser();
    const state = await stateOf(browser);
    const visit = await browser.call(`${APP}/auth/callback?${query}&state=${state}`);
    expect(answerOf(visit)).toMatchObject({ status: 400, code });
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it('may be begun in many tabs, of which the last ones count', async () => {
    const hosted = await start(adapter);
    const browser = hosted.browser();
    for (let tab = 0; tab < 8; tab += 1) await browser.navigate(`${APP}/auth/login`);
    const bytes = [...browser.cookiesOf(APP)].join().length;
    expect(bytes).toBeLessThan(3_500);
    const page = await browser.open(`${APP}/auth/login?returnTo=/orders`);
    expect((await browser.signIn(page, 'alice', PASSWORD)).status).toBe(200);
  });

  it('does not take an address of another site to return to', async () => {
    const hosted = await start(adapter);
    const address = `${APP}/auth/login?returnTo=//evil.example`;
    expect(answerOf(await hosted.browser().call(address))).toMatchObject({
      status: 400,
      code: 'invalid_return_to',
    });
  });

  it('works in an application whose every route is protected', async () => {
    const hosted = await start(adapter, { auth: { protectAll: true } });
    expect((await (await hosted.signedIn('alice')).call(`${APP}/orders`)).status).toBe(200);
  });
});

describe('CognitoHostedUiModule', () => {
  it('does not start with an app client whose tokens are not accepted', async () => {
    const refused = HostedApp.start('express', server, { hostedUi: { clientId: 'stranger' } });
    await expect(refused).rejects.toThrow(
      '"clientId" must be an app client that CognitoAuthModule accepts, got "stranger".',
    );
  });
});

const POST = { method: 'POST' };

function answerOf({ status, headers, body }: Visit) {
  const { code } = JSON.parse(body) as { code?: string };
  return { status, code, retryAfter: headers.get('retry-after') ?? undefined };
}

/** Only the clock moves; timers and sockets go on. */
function laterBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

/** The same cookies, in the hands of somebody else or at another instance. */
function copyOf(browser: Browser, hosted: HostedApp): Browser {
  const copy = hosted.browser();
  for (const [name, value] of browser.cookiesOf(APP)) copy.cookiesOf(APP).set(name, value);
  return copy;
}

async function stateOf(browser: Browser): Promise<string> {
  const login = await browser.navigate(`${APP}/auth/login`);
  return locationOf(login).searchParams.get('state') ?? '';
}
