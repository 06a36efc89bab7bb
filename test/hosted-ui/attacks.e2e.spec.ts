import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { HttpException } from '@nestjs/common';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { locationOf, refusalOf } from './browser.js';
import type { Browser } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

const NAME = '__Host-cognito-session';

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

const ROUTES = [
  'login',
  'signup',
  'forgot-password',
  'passkeys',
  'callback',
  'session',
  'refresh',
  'logout',
];

/** Queries of `/auth/login` that would lead to another site, or break an answer. */
const ELSEWHERE = [
  'returnTo=//evil.example',
  'returnTo=/%5Cevil.example',
  'returnTo=%5C%5Cevil.example',
  'returnTo=/%09/evil.example',
  'returnTo=/%0A/evil.example',
  'returnTo=%20//evil.example',
  'returnTo=/..//evil.example',
  'returnTo=/a/%2e%2e//evil.example',
  'returnTo=https:evil.example',
  'returnTo=https://evil.example',
  'returnTo=https://app.example.com@evil.example',
  'returnTo=https://app.example.com.evil.example/orders',
  'returnTo=//app.example.com@evil.example',
  'returnTo=javascript:alert(1)',
  'returnTo=data:text/html,x',
  'returnTo=%E3%80%82evil.example',
  'returnTo=//evil%E3%80%82example',
  'returnTo=/x%0D%0ASet-Cookie:%20a=b',
  'returnTo=/x%00',
  'returnTo=/orders&returnTo=//evil.example',
  `returnTo=/${'a'.repeat(2_000)}`,
];

describe.each(ADAPTERS)('On %s, an attacker', (adapter) => {
  let hosted: HostedApp;

  beforeAll(async () => {
    hosted = await HostedApp.start(adapter, server);
  });

  afterAll(() => hosted.close());

  it.each(ELSEWHERE)('cannot have a sign-in end at another site: %s', async (query) => {
    const browser = hosted.browser();
    const visit = await browser.call(`${APP}/auth/login?${query}`);
    expect(refusalOf(visit)).toEqual([400, 'invalid_return_to']);
    expect([...browser.cookiesOf(APP)]).toEqual([]);
  });

  it.each([
    'returnTo[]=//evil.example',
    'returnTo[a]=//evil.example',
    '__proto__[returnTo]=//evil.example',
    'constructor[prototype][returnTo]=//evil.example',
  ])('does not pollute anything with %s', async (query) => {
    const visit = await hosted.browser().navigate(`${APP}/auth/login?${query}`);
    expect([302, 400]).toContain(visit.status);
    expect(({} as { returnTo?: string }).returnTo).toBeUndefined();
    const plain = await hosted.browser().navigate(`${APP}/auth/login`);
    expect(plain.status).toBe(302);
  });

  it('cannot have a page lead back to a route that signs in or out', async () => {
    for (const path of ['/auth/logout', '/auth/%6cogout', '/auth/%4Cogin', '/AUTH/logout/']) {
      const address = `${APP}/auth/login?returnTo=${encodeURIComponent(path)}`;
      expect([path, ...refusalOf(await hosted.browser().call(address))]).toEqual([
        path,
        400,
        'invalid_return_to',
      ]);
    }
  });

  it.each([
    'error=access_denied&error_description=<script>alert(1)</script>',
    'error=<img src=x onerror=alert(1)>',
    'error="><svg/onload=alert(1)>',
    "error=a&error_uri=javascript:alert(1)'",
    'error=server_error&error=<b>',
  ])('does not get a word of %j onto a page', async (query) => {
    const browser = hosted.browser();
    const state = await beginning(browser);
    for (const known of [state, `${state}<script>`, '<script>alert(1)</script>']) {
      const address = new URL(`${APP}/auth/callback?${query}`);
      address.searchParams.set('state', known);
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      const { status, body, headers } = await browser.navigate(address);
      expect(status).toBe(400);
      expect(body).not.toMatch(/alert\(|<script|<img|<svg|<b>|javascript/);
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(sessionCookies(browser)).toEqual([]);
  });

  it.each([
    '',
    'code=x',
    'state=',
    'state=%00',
    'state=__proto__',
    'code[]=x&state[]=y',
    `state=${'a'.repeat(43)}`,
    `state=${'a'.repeat(4_000)}`,
    'state=a&state=b',
    'code=%FF%FE&state=%FF',
  ])('is not signed in by the answer %j of nobody', async (query) => {
    const browser = await hosted.signedIn();
    const before = [...browser.cookiesOf(APP)];
    const visit = await browser.call(`${APP}/auth/callback?${query}`);
    expect(refusalOf(visit)).toEqual([400, 'invalid_state']);
    expect([...browser.cookiesOf(APP)]).toEqual(before);
  });

  it.each(['response=eyJhbGciOiJub25lIn0.e30.', 'state=x', 'code=y', 'iss=a&iss=b'])(
    'is not signed in by %s beside a real code',
    async (extra) => {
      const browser = hosted.browser();
      const { search } = await authorized(browser);
      const visit = await browser.call(`${APP}/auth/callback${search}&${extra}`);
      expect(visit.status).toBe(400);
      expect(refusalOf(visit)[1]).toMatch(/^(code|token)_rejected|invalid_state$/);
      expect(sessionCookies(browser)).toEqual([]);
    },
  );

  it('cannot sign a victim in as somebody else', async () => {
    const attacker = hosted.browser();
    const callback = await authorized(attacker, 'bob');
    const victim = await hosted.signedIn();
    const before = [...victim.cookiesOf(APP)];
    expect(refusalOf(await victim.call(callback))).toEqual([400, 'invalid_state']);
    // The state of the victim with the code of the attacker: PKCE and the nonce are not theirs.
    const state = await beginning(victim);
    callback.searchParams.set('state', state);
    expect(refusalOf(await victim.call(callback))).toEqual([400, 'code_rejected']);
    expect([...victim.cookiesOf(APP)]).toEqual(before);
    expect(await whoIs(victim)).toBe('alice');
  });

  it('does not know the session of a user whose cookies were planted before the sign-in', async () => {
    const planted = await hosted.signedIn('bob');
    const victim = hosted.browser();
    for (const [name, value] of planted.cookiesOf(APP)) victim.cookiesOf(APP).set(name, value);
    await hosted.signedIn('alice', victim);
    expect(await whoIs(victim)).toBe('alice');
    expect(await whoIs(planted)).not.toBe('alice');
  });

  it('does not sign anybody out by a prefetch', async () => {
    const browser = await hosted.signedIn();
    for (const [name, value] of [
      ['sec-purpose', 'prefetch'],
      ['sec-purpose', 'prefetch;prerender'],
      ['purpose', 'prefetch'],
      ['x-moz', 'prefetch'],
    ] as const) {
      const headers = { [name]: value };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const visit = await browser.navigate(`${APP}/auth/logout`, { headers });
      expect([visit.status, visit.headers.get('cache-control')]).toEqual([403, 'no-store']);
    }
    expect(await whoIs(browser)).toBe('alice');
  });

  it('finds no other methods at the routes', async () => {
    const browser = await hosted.signedIn();
    const { status } = await browser.call(`${APP}/auth/refresh`);
    expect(status).toBe(404);
    for (const method of ['PUT', 'PATCH', 'DELETE']) {
      for (const route of ROUTES) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const visit = await browser.call(`${APP}/auth/${route}`, { method });
        expect([method, route, visit.status]).toEqual([method, route, 404]);
      }
    }
    const overridden = { method: 'POST', headers: { 'x-http-method-override': 'GET' } };
    expect((await browser.call(`${APP}/auth/session`, overridden)).status).toBe(404);
    expect(await whoIs(browser)).toBe('alice');
  });

  it.each(['HEAD', 'OPTIONS'])('learns nothing by %s', async (method) => {
    const browser = hosted.browser();
    for (const route of ['login', 'callback?state=x', 'session', 'refresh', 'logout', 'orders']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const visit = await browser.call(`${APP}/auth/${route}`, { method });
      expect([200, 204, 302, 400, 401, 404]).toContain(visit.status);
      expect(visit.body).not.toContain('eyJ');
    }
  });

  it.each([
    'http://1.2.3.256/auth/callback?state=x',
    'http://[/auth/callback?state=x',
    '//auth/callback?state=x',
    '/auth/callback?state=%',
    '/auth/callback?%ZZ=%',
    '/auth/callback?state=x#y',
  ])('gets no 500 with the request line %s', async (target) => {
    expect(await statusOf(target)).toMatch(/^HTTP\/1\.1 4\d\d/);
  });

  it('gets no page where JSON was asked for, whatever a hook says', async () => {
    const afterLogin = () => {
      throw new HttpException('<script>alert(1)</script>', 403);
    };
    const refusing = await HostedApp.start(adapter, server, { hostedUi: { afterLogin } });
    const browser = refusing.browser();
    const answer = await browser.call(await authorized(browser));
    const other = refusing.browser();
    const page = await other.navigate(await authorized(other));
    await refusing.close();
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(JSON.parse(answer.body)).toEqual({
      statusCode: 403,
      message: '<script>alert(1)</script>',
    });
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.body).not.toContain('<script');
  });

  it('finds no answer with a new session in a shared cache', async () => {
    const browser = await hosted.signedIn();
    const cacheControl = async () => {
      const { status, headers } = await browser.call(`${APP}/cacheable`);
      return [status, headers.get('cache-control'), headers.has('set-cookie')];
    };
    expect(await cacheControl()).toEqual([200, 'public, max-age=60', false]);
    laterBy(3_600);
    expect(await cacheControl()).toEqual([200, 'no-store', true]);
  });

  async function statusOf(target: string): Promise<string> {
    const { port } = new URL(hosted.place);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.end(`GET ${target} HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n`);
    return (await text(socket)).split('\r\n', 1)[0] ?? '';
  }
});

async function beginning(browser: Browser): Promise<string> {
  const login = await browser.navigate(`${APP}/auth/login`);
  return locationOf(login).searchParams.get('state') ?? '';
}

/** What Cognito answers after a user of this browser has signed in there. */
async function authorized(browser: Browser, username = 'alice'): Promise<URL> {
  const page = await browser.open(`${APP}/auth/login`);
  return locationOf(await browser.submit(page, username, PASSWORD));
}

async function whoIs(browser: Browser): Promise<string | undefined> {
  const { body } = await browser.call(`${APP}/auth/session`);
  return (JSON.parse(body) as { username?: string }).username;
}

function sessionCookies(browser: Browser): string[] {
  return [...browser.cookiesOf(APP).keys()].filter((name) => !name.startsWith(`${NAME}.login.`));
}

/** Only the clock moves; timers and sockets go on. */
function laterBy(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}
