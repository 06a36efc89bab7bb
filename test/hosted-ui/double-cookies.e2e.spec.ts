import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS } from '../support/app.js';
import { Browser, refusalOf } from './browser.js';
import type { Visit } from './browser.js';
import { HostedApp, PASSWORD } from './hosted-app.js';

const SITE = 'http://localhost:8080';
const NAME = 'cognito-session';

let server: LocalUserPoolServer;

beforeAll(async () => {
  const pool = await LocalUserPool.create({
    clients: [
      {
        clientId: 'web',
        callbackUrls: [`${SITE}/auth/callback`, `${SITE}/app/auth/callback`],
        logoutUrls: [`${SITE}/bye`],
      },
    ],
    users: [{ username: 'alice', password: PASSWORD }],
  });
  server = await pool.listen();
});

afterAll(() => server.close());

/** A cookie that is not ours, as browsers keep it. */
interface Planted {
  readonly path: string;
  /** Whether it is set again whenever it was taken away. */
  readonly isBack?: boolean;
  readonly name?: string;
}

/**
 * A browser in which a neighbour has set cookies of the same name, which are sent and taken away by
 * the rules of RFC 6265 §5.3 and §5.4.
 */
class PlantedBrowser extends Browser {
  readonly planted = new Set<Planted>();
  /** The statuses of all answers, for a page that leads in circles. */
  readonly statuses: number[] = [];

  override async navigate(address: string | URL, setup: Parameters<Browser['navigate']>[1] = {}) {
    const visit = await super.navigate(address, this.withPlanted(address, setup));
    this.keepPlanted(visit);
    return visit;
  }

  override async call(address: string | URL, setup: Parameters<Browser['call']>[1] = {}) {
    const visit = await super.call(address, this.withPlanted(address, setup));
    this.keepPlanted(visit);
    return visit;
  }

  private withPlanted(address: string | URL, setup: { headers?: Record<string, string> }) {
    const { origin, pathname } = new URL(address);
    if (origin !== SITE) return setup;
    const sent = [...this.planted].filter(({ path }) => comesWith(pathname, path));
    const jar = [...this.cookiesOf(SITE)].map(([name, value]) => `${name}=${value}`);
    const foreign = sent.map(({ name = NAME }) => `${name}=planted`);
    const cookie = [...foreign, ...jar].join('; ');
    return cookie === '' ? setup : { ...setup, headers: { ...setup.headers, cookie } };
  }

  private keepPlanted({ url, status, headers }: Visit): void {
    if (url.origin !== SITE) return;
    this.statuses.push(status);
    for (const cookie of headers.getSetCookie()) {
      const path = /; Path=([^;]*)/i.exec(cookie)?.[1];
      for (const planted of this.planted) {
        const isIt = cookie.startsWith(`${planted.name ?? NAME}=;`) && planted.path === path;
        if (isIt && !planted.isBack) this.planted.delete(planted);
      }
    }
  }

  /** A deletion elsewhere is none of our own cookie. */
  protected override keep(origin: string, cookies: readonly string[]): void {
    const isOurs = (cookie: string) => /; Path=\/(;|$)/.test(cookie);
    super.keep(origin, origin === SITE ? cookies.filter(isOurs) : cookies);
  }
}

function comesWith(requested: string, path: string): boolean {
  if (requested === path) return true;
  return requested.startsWith(path.endsWith('/') ? path : `${path}/`);
}

describe.each(ADAPTERS)('On %s over http, a session cookie that comes twice', (adapter) => {
  let hosted: HostedApp;
  let browser: PlantedBrowser;

  beforeAll(async () => {
    hosted = await HostedApp.start(adapter, server, {
      hostedUi: { redirectUri: `${SITE}/auth/callback`, logoutUri: `${SITE}/bye` },
    });
  });

  afterAll(() => hosted.close());

  beforeEach(async () => {
    browser = new PlantedBrowser({ [SITE]: hosted.place });
    const page = await browser.open(`${SITE}/auth/login?returnTo=/orders`);
    await browser.signIn(page, 'alice', PASSWORD);
    browser.statuses.length = 0;
  });

  it.each<[string, Planted]>([
    ['the page', { path: '/orders' }],
    ['the routes', { path: '/auth' }],
    ['a route', { path: '/auth/callback' }],
    ['what lies below', { path: '/auth/' }],
  ])('is read again when the other one was set for the path of %s', async (_place, planted) => {
    browser.planted.add(planted);
    // Cognito knows the browser, and asks for no password.
    for (const path of ['/orders', '/auth/login?returnTo=/orders']) {
      const visit = await browser.open(SITE + path);
      expect([visit.status, visit.body]).toEqual([200, '{"username":"alice"}']);
    }
    expect(browser.planted.size).toBe(0);
    expect(browser.statuses.length).toBeLessThan(8);
  });

  it('does not last in a script', async () => {
    browser.planted.add({ path: '/orders' });
    expect(refusalOf(await browser.call(`${SITE}/orders`))).toEqual([401, 'missing_token']);
    expect((await browser.call(`${SITE}/orders`)).status).toBe(200);
    browser.planted.add({ path: '/auth/' });
    expect(refusalOf(await browser.call(`${SITE}/auth/session`))).toEqual([401, 'missing_token']);
    expect((await browser.call(`${SITE}/auth/session`)).status).toBe(200);
  });

  it('is said on a page when the other one comes back each time, and not for ever', async () => {
    const planted = { path: '/orders', isBack: true };
    browser.planted.add(planted);
    const page = await browser.open(`${SITE}/orders`);
    expect(page.status).toBe(400);
    expect(page.body).toContain('duplicate_cookie');
    expect(page.body).toContain(`${NAME} twice`);
    expect(browser.statuses.length).toBeLessThan(8);

    browser.planted.delete(planted);
    expect((await browser.open(`${SITE}/orders`)).status).toBe(200);
    const login = await browser.navigate(`${SITE}/auth/login`);
    expect(login.status).toBe(302);
  });

  it('is no obstacle to signing out, and goes with it', async () => {
    browser.planted.add({ path: '/auth' });
    browser.planted.add({ path: '/auth/logout' });
    expect((await browser.navigate(`${SITE}/auth/logout`)).status).toBe(302);
    expect(browser.planted.size).toBe(0);
    expect(browser.cookiesOf(SITE).has(NAME)).toBe(false);
    expect(refusalOf(await browser.call(`${SITE}/orders`))).toEqual([401, 'missing_token']);
  });

  it('of a sign-in keeps nobody from signing in', async () => {
    const fresh = new PlantedBrowser({ [SITE]: hosted.place });
    for (let slot = 0; slot < 9; slot += 1) {
      const name = `${NAME}.login.${slot}`;
      fresh.planted.add({ name, path: '/auth/' });
      fresh.planted.add({ name, path: '/auth' });
    }
    const page = await fresh.open(`${SITE}/auth/login?returnTo=/orders`);
    expect(fresh.planted.size).toBe(0);
    expect((await fresh.signIn(page, 'alice', PASSWORD)).body).toBe('{"username":"alice"}');
  });

  it.each([
    `/orders/${'a/'.repeat(2_000)}`,
    '/orders;a=b/%00/<script>/"',
    `/orders/${'%C3%A9'.repeat(300)}?returnTo=;`,
  ])('takes no more of an answer than there is room for (%#)', async (path) => {
    const cookie = `${NAME}=1; ${NAME}=2; ${NAME}.1=1; ${NAME}.1=2; ${NAME}.2=1; ${NAME}.2=2`;
    const plain = new Browser({ [SITE]: hosted.place });
    const { status, headers } = await plain.call(`${SITE}/feed?${path}`, { headers: { cookie } });
    expect(status).toBe(200);
    expect(headers.getSetCookie().join('').length).toBeLessThan(8_000);
    const elsewhere = await plain.call(SITE + path, { headers: { cookie } });
    expect(elsewhere.status).toBe(404);
  });
});

describe.each(ADAPTERS)('On %s behind a proxy that takes a prefix off', (adapter) => {
  it('takes doubles away from the paths that browsers know', async () => {
    const hosted = await HostedApp.start(adapter, server, {
      hostedUi: { redirectUri: `${SITE}/app/auth/callback`, logoutUri: `${SITE}/bye` },
    });
    const browser = new Browser({ [SITE]: hosted.place });
    const headers = { cookie: `${NAME}=1; ${NAME}=2` };
    const visit = await browser.navigate(`${SITE}/orders`, { headers });
    await hosted.close();
    expect(visit.status).toBe(302);
    const paths = visit.headers.getSetCookie().map((cookie) => /; Path=([^;]*)/.exec(cookie)?.[1]);
    expect(paths).toEqual(expect.arrayContaining(['/app', '/app/', '/app/orders', '/orders']));
  });
});
