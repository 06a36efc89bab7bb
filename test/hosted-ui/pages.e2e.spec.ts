import { Controller, Get, Post } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  fromBearerHeader,
  Groups,
  Scopes,
} from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession, RedirectToLogin } from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, createApp, send } from '../support/app.js';
import { Browser, refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, SECRET, startPool } from './hosted-app.js';

const NOBODY = [401, 'missing_token'];

@Controller()
@RedirectToLogin()
class PagesController {
  @Get('report')
  @Authenticated()
  report() {
    return { report: 'yes' };
  }

  @Post('report')
  @Authenticated()
  create() {
    return {};
  }

  @Get('admin')
  @Groups('admin')
  admin() {
    return {};
  }

  @Get('scoped')
  @Scopes('orders/write')
  scoped() {
    return {};
  }

  @Get('status')
  @Authenticated()
  status() {
    return {};
  }
}

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

afterEach(() => vi.useRealTimers());

/** As a cautious application has it: a prefix with exceptions, headers, and all routes protected. */
async function startCautious(adapter: (typeof ADAPTERS)[number]) {
  const imports = [
    CognitoAuthModule.forRoot({
      ...server.options({ tokenFrom: fromSession() }),
      protectAll: true,
    }),
    CognitoHostedUiModule.forRoot({
      domain: server.domain,
      clientId: 'web',
      redirectUri: `${APP}/api/auth/callback`,
      logoutUri: `${APP}/bye`,
      cookies: { secret: SECRET },
    }),
  ];
  return createApp(
    adapter,
    { imports, controllers: [PagesController] },
    {
      configure: (app) => {
        app.setGlobalPrefix('api', { exclude: ['status'] });
        app.use((_request: unknown, response: Response, next: () => void) => {
          response.setHeader('content-security-policy', "default-src 'self'");
          response.setHeader('x-frame-options', 'SAMEORIGIN');
          next();
        });
      },
    },
  );
}

interface Response {
  setHeader(name: string, value: string): void;
}

describe('A registration whose extras are undefined', () => {
  it('has its routes at /auth', async () => {
    const extras = { path: undefined, name: undefined, isGlobal: undefined, imports: undefined };
    const hosted = await HostedApp.start('express', server, { hostedUi: extras });
    onTestFinished(() => hosted.close());

    const browser = await hosted.signedIn();

    expect((await browser.call(`${APP}/auth/session`)).status).toBe(200);
  });
});

describe.each(ADAPTERS)('On %s, a protected page', (adapter) => {
  let app: Awaited<ReturnType<typeof startCautious>>;
  let place: string;

  beforeAll(async () => {
    app = await startCautious(adapter);
    place = await app.getUrl();
  });

  afterAll(() => app.close());

  const newBrowser = () => new Browser({ [APP]: place });

  async function signedIn(username: string, path = '/api/report'): Promise<Browser> {
    const browser = newBrowser();
    await browser.signIn(await browser.open(APP + path), username, PASSWORD);
    return browser;
  }

  it.each(['/api/report?a=1&b=%2F', '/status'])(
    'at %s sends a browser to log in, and gets it back',
    async (path) => {
      const browser = newBrowser();
      const { status, headers } = await browser.navigate(APP + path);
      const returnTo = new URLSearchParams({ returnTo: path }).toString();
      expect([status, headers.get('location')]).toEqual([302, `/api/auth/login?${returnTo}`]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('www-authenticate')).toBeNull();
      const visit = await browser.signIn(await browser.open(APP + path), 'alice', PASSWORD);
      expect([visit.status, visit.url.href]).toEqual([200, APP + path]);
    },
  );

  it.each<[string, string, Record<string, string>]>([
    ['a fetch of a script', 'GET', { 'sec-fetch-mode': 'cors' }],
    [
      'a fetch that asks for a page',
      'GET',
      { 'sec-fetch-mode': 'same-origin', accept: 'text/html' },
    ],
    [
      'a fetch of another site',
      'GET',
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' },
    ],
    ['a form', 'POST', { 'sec-fetch-mode': 'navigate' }],
    [
      'a socket',
      'GET',
      { 'sec-fetch-mode': 'websocket', upgrade: 'websocket', connection: 'upgrade' },
    ],
    ['a worker', 'GET', { 'sec-fetch-dest': 'worker', 'sec-fetch-mode': 'same-origin' }],
  ])('answers 401 to %s', async (_, method, headers) => {
    const visit = await newBrowser().call(`${APP}/api/report`, { method, headers });
    expect(refusalOf(visit)).toEqual(NOBODY);
    expect(visit.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(visit.headers.get('location')).toBeNull();
  });

  it.each(['*/*', 'application/json', 'application/json, text/html;q=0.5'])(
    'answers 401 to a program that accepts %j',
    async (accept) => {
      const answer = await send(app, '/api/report', undefined, { headers: { accept } });
      expect([answer.status, answer.code]).toEqual(NOBODY);
    },
  );

  it('sends a browser to log in that asks for its headers only', async () => {
    const { status } = await newBrowser().navigate(`${APP}/api/report`, { method: 'HEAD' });
    expect(status).toBe(302);
  });

  it.each(['/api/admin', '/api/scoped'])(
    'at %s refuses with 403 who has signed in and may not enter, without end',
    async (path) => {
      const browser = await signedIn('bob', path);
      const { status, headers, body } = await browser.open(APP + path);
      expect([status, headers.get('location')]).toEqual([403, null]);
      expect(body).toMatch(/insufficient_(group|scope)/);
    },
  );

  it('sends a browser to log in again when its token has expired and is not refreshed', async () => {
    const browser = await signedIn('alice');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    expect((await browser.call(`${APP}/api/report`)).status).toBe(401);
    const { status, headers } = await browser.navigate(`${APP}/api/report`);
    expect([status, headers.get('location')]).toEqual([
      302,
      '/api/auth/login?returnTo=%2Fapi%2Freport',
    ]);
  });

  it('does not get a form of another site, cookies or not', async () => {
    const browser = await signedIn('alice');
    for (const site of ['cross-site', 'same-site']) {
      const forged = { method: 'POST', headers: { 'sec-fetch-site': site } };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(refusalOf(await browser.navigate(`${APP}/api/report`, forged))).toEqual(NOBODY);
    }
    const own = { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } };
    expect((await browser.navigate(`${APP}/api/report`, own)).status).toBe(201);
  });

  it('has its own policy where signing in fails, whatever the application sets', async () => {
    const { status, headers } = await newBrowser().navigate(`${APP}/api/auth/callback?state=x`);
    expect(status).toBe(400);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('leads nowhere else, whatever the address of the page is', async () => {
    const visit = await newBrowser().navigate(`${APP}//evil.example/api/report`);
    expect([visit.status, visit.headers.get('location')]).toEqual([404, null]);
  });
});

describe('A protected page', () => {
  it('answers 401 to a browser without @RedirectToLogin()', async () => {
    const hosted = await HostedApp.start('express', server);
    const visit = await hosted.browser().navigate(`${APP}/cacheable`);
    await hosted.close();
    expect(refusalOf(visit)).toEqual(NOBODY);
  });

  it('does not send a browser round in circles where sessions are not looked for', async () => {
    const auth = { tokenFrom: fromBearerHeader() } as object;
    const hosted = await HostedApp.start('express', server, { auth });
    const browser = hosted.browser();
    const visit = await browser.signIn(await browser.open(`${APP}/orders`), 'alice', PASSWORD);
    await hosted.close();
    expect(refusalOf(visit)).toEqual(NOBODY);
  });
});

describe.each(ADAPTERS)('On %s, a request that may change something', (adapter) => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'by %s has no session when it comes from another site',
    async (method) => {
      const hosted = await HostedApp.start(adapter, server);
      onTestFinished(() => hosted.close());
      const browser = await hosted.signedIn();
      const sites: Record<string, string>[] = [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site', origin: APP },
      ];
      for (const headers of sites) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const forged = await browser.call(`${APP}/orders`, { method, headers });
        expect(refusalOf(forged)).toEqual(NOBODY);
        expect(forged.headers.get('www-authenticate')).toBe('Bearer realm="api"');
      }
      const own = await browser.call(`${APP}/orders`, { method });
      expect([own.status < 300, own.body]).toEqual([true, '{"username":"alice"}']);
    },
  );
});

describe.each(ADAPTERS)('On %s, a page that a session lets in', (adapter) => {
  const start = async (setup: Parameters<typeof HostedApp.start>[2] = {}) => {
    const hosted = await HostedApp.start(adapter, server, setup);
    onTestFinished(() => hosted.close());
    return hosted;
  };

  it('is not kept by the browser, nor by a cache', async () => {
    const browser = await (await start()).signedIn();
    const { headers } = await browser.navigate(`${APP}/orders`);
    expect(headers.get('cache-control')).toBe('private, no-store');
    const open = await browser.navigate(`${APP}/nothing`);
    expect(open.headers.get('cache-control')).toBeNull();
  });

  it('is kept where its handler, or the application, says so', async () => {
    const browser = await (await start()).signedIn();
    const cacheable = await browser.navigate(`${APP}/cacheable`);
    expect(cacheable.headers.get('cache-control')).toBe('public, max-age=60');
    const other = await (await start({ hostedUi: { noStore: false } })).signedIn();
    expect((await other.navigate(`${APP}/orders`)).headers.get('cache-control')).toBeNull();
  });

  it('is shown to anybody who may be anonymous, with the cookie of an old session', async () => {
    const hosted = await start({ auth: { tokenFrom: [fromBearerHeader(), fromSession()] } });
    const browser = await hosted.signedIn();
    expect((await browser.call(`${APP}/feed`)).body).toBe('{"username":"alice"}');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 });
    expect((await browser.call(`${APP}/feed`)).body).toBe('{"username":"anonymous"}');
    expect(refusalOf(await browser.call(`${APP}/cacheable`))).toEqual(NOBODY);
    const page = await browser.navigate(`${APP}/orders`);
    expect([page.status, page.headers.get('location')]).toEqual([
      302,
      '/auth/login?returnTo=%2Forders',
    ]);
    expect((await browser.navigate(`${APP}/auth/logout`)).status).toBe(302);
    expect(browser.cookiesOf(APP).size).toBe(0);
  });
});
