import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalUserPool } from './index.js';
import type { LocalUserPoolServer } from './index.js';

const PASSWORD = 'Correct-horse-7';
const QUERY = {
  response_type: 'code',
  client_id: 'web',
  redirect_uri: 'http://localhost:3000/callback',
  scope: 'openid',
  state: 'state-1',
};
const HINT = 'Passwords: <b>alice</b> has Correct-horse-7.';

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', password: PASSWORD }],
    clients: [{ clientId: 'web' }],
  });
  server = await pool.listen();
});

afterAll(() => server.close());
afterEach(() => vi.useRealTimers());

/** Keeps cookies, follows no redirects, and says what a browser says of its requests. */
class Browser {
  readonly cookies = new Map<string, string>();

  open(path: string, query: Record<string, string> = {}): Promise<Page> {
    const address = `${path}?${new URLSearchParams({ ...QUERY, ...query }).toString()}`;
    return this.send(address, { headers: { 'sec-fetch-site': 'none' } });
  }

  /** Sends the first form of a page. */
  submit(page: Page, fields: Record<string, string>, site?: string): Promise<Page> {
    const [, action = ''] = / action="([^"]+)"/.exec(page.body) ?? [];
    const [, _csrf = ''] = /name="_csrf" value="([\w-]+)"/.exec(page.body) ?? [];
    return this.send(action.replaceAll('&amp;', '&'), {
      method: 'POST',
      body: new URLSearchParams({ ...fields, _csrf }),
      headers: site === undefined ? {} : { 'sec-fetch-site': site },
    });
  }

  private async send(
    path: string,
    init: { method?: string; body?: URLSearchParams; headers: Record<string, string> },
  ): Promise<Page> {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const headers = { ...init.headers, cookie };
    const response = await fetch(server.url + path, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    const location = response.headers.get('location') ?? '';
    return {
      status: response.status,
      headers: response.headers,
      body: await response.text(),
      answer: Object.fromEntries(new URL(location, server.url).searchParams),
    };
  }
}

interface Page {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** The parameters that a redirect leads on with. */
  readonly answer: Readonly<Record<string, string | undefined>>;
}

const ALICE = { username: 'alice', password: PASSWORD };

async function signedIn(): Promise<Browser> {
  const browser = new Browser();
  const answer = await browser.submit(await browser.open('/login'), ALICE, 'same-origin');
  expect(answer.answer).toEqual({ code: expect.any(String), state: 'state-1' });
  return browser;
}

function later(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

describe('Sign-in pages that are opened at once', () => {
  it('all work', async () => {
    const browser = new Browser();
    const pages = await Promise.all(Array.from({ length: 20 }, () => browser.open('/login')));
    for (const page of pages) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other, as a person does
      const { status, answer } = await browser.submit(page, ALICE, 'same-origin');
      expect([status, answer['state'], typeof answer['code']]).toEqual([302, 'state-1', 'string']);
    }
    expect(browser.cookies.size).toBe(2);
  });

  it.each(['cross-site', 'same-site'])('take no form that is %s', async (site) => {
    const browser = new Browser();
    const page = await browser.open('/login');
    const refused = await browser.submit(page, ALICE, site);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('This page had expired.');
    expect(browser.cookies.has('cognito')).toBe(false);
  });
});

describe('The parameter max_age', () => {
  it.each<[string, number, boolean]>([
    ['60', 30, true],
    ['60', 61, false],
    ['0', 0, false],
    ['999999999', 3_000, true],
  ])('of %s takes a sign-in of %i seconds ago: %s', async (max_age, age, isTaken) => {
    const browser = await signedIn();
    later(age);
    const silent = await browser.open('/oauth2/authorize', { max_age, prompt: 'none' });
    expect(['code' in silent.answer, silent.answer['error']]).toEqual(
      isTaken ? [true, undefined] : [false, 'login_required'],
    );
    const { headers } = await browser.open('/oauth2/authorize', { max_age });
    expect(headers.get('location')?.startsWith(`${server.url}/login?`)).toBe(!isTaken);
  });

  it.each(['-1', '1.5', 'x', '1e3', '9999999999'])('is not %j', async (max_age) => {
    const { answer } = await new Browser().open('/oauth2/authorize', { max_age });
    expect(answer['error']).toBe('invalid_request');
  });
});

describe('The prompt select_account', () => {
  it('lets who is signed in go on, or be somebody else', async () => {
    const browser = await signedIn();
    const prompt = 'select_account';
    expect((await browser.open('/oauth2/authorize', { prompt })).answer['code']).toBeUndefined();
    const page = await browser.open('/login', { prompt });
    expect(page.body).toContain('Continue as alice');
    const { answer } = await browser.submit(page, { continue: 'yes' }, 'same-origin');
    expect(typeof answer['code']).toBe('string');
  });

  it.each<[string, Record<string, string>, number]>([
    ['without it', {}, 0],
    ['with login beside it', { prompt: 'login select_account' }, 0],
    ['for a sign-in that is too old', { prompt: 'select_account', max_age: '60' }, 61],
  ])('asks for a password %s', async (_name, query, age) => {
    const browser = await signedIn();
    later(age);
    const page = await browser.open('/login', query);
    expect(page.body).not.toContain('Continue as');
    const refused = await browser.submit(page, { continue: 'yes' }, 'same-origin');
    expect([refused.status, refused.answer['code']]).toEqual([400, undefined]);
  });
});

describe('The parameter lang', () => {
  it.each([
    ['de', 'de', 'Anmelden'],
    ['de-AT', 'de', 'Anmelden'],
    ['fr', 'fr', 'Se connecter'],
    ['es', 'es', 'Iniciar sesión'],
    ['xx', 'en', 'Sign in'],
    ['"><script>', 'en', 'Sign in'],
  ])('of %j shows the page in %s', async (lang, language, title) => {
    const { body } = await new Browser().open('/login', { lang });
    expect(body).toContain(`<html lang="${language}">`);
    expect(body).toContain(`<h1>${title}</h1>`);
    expect(body).not.toContain('<script');
  });
});

describe('signInHint', () => {
  it('is on the page as text, which shows no password without it', async () => {
    const { body } = await new Browser().open('/login');
    expect(body).not.toContain(PASSWORD);
    const talkative = await LocalUserPool.create({
      signInHint: HINT,
      clients: [{ clientId: 'web' }],
    });
    const other = await talkative.listen();
    const query = new URLSearchParams(QUERY).toString();
    const page = await (await fetch(`${other.url}/login?${query}`)).text();
    await other.close();
    expect(page).toContain('Passwords: &lt;b&gt;alice&lt;/b&gt; has Correct-horse-7.');
  });
});

describe('/signup', () => {
  const CAROL = { username: 'carol', email: 'carol@example.com', password: 'Battery-staple-9' };

  it('makes a user, and signs them in', async () => {
    const browser = new Browser();
    const page = await browser.open('/signup', { login_hint: 'carol' });
    expect([page.status, page.body.includes('value="carol"')]).toEqual([200, true]);
    const { answer } = await browser.submit(page, CAROL, 'same-origin');
    expect(answer).toEqual({ code: expect.any(String), state: 'state-1' });
    const { users } = pool;
    expect(users.at(-1)).toMatchObject({ username: 'carol', emailVerified: true, groups: [] });

    const again = new Browser();
    const signIn = await again.submit(await again.open('/login'), CAROL);
    expect(signIn.answer['code']).toEqual(expect.any(String));
    const silent = await browser.open('/oauth2/authorize', { prompt: 'none' });
    expect(silent.answer['code']).toEqual(expect.any(String));
  });

  it.each<[string, Record<string, string>]>([
    ['There is a user of this name.', { username: 'alice' }],
    ['A username has 1 to 128', { username: '' }],
    ['A username has 1 to 128', { username: 'with space' }],
    ['A username has 1 to 128', { username: 'a\u0000' }],
    ['A username has 1 to 128', { username: 'x'.repeat(129) }],
    ['This is no email address.', { email: 'nobody' }],
    ['This is no email address.', { email: 'a b@example.com' }],
    ['This password is too simple.', { password: 'Sh0rt-!' }],
    ['This password is too simple.', { password: 'all-lower-case-7' }],
    ['This password is too simple.', { password: 'NoSign7NoSign' }],
    ['This password is too simple.', { password: '' }],
  ])('says %j', async (problem, fields) => {
    const browser = new Browser();
    const page = await browser.open('/signup');
    const form = { username: '<b>dave</b>', email: '', password: 'Battery-staple-9', ...fields };
    const refused = await browser.submit(page, form, 'same-origin');
    expect([refused.status, refused.answer['code']]).toEqual([400, undefined]);
    expect(refused.body).toContain(`id="problem">${problem}`);
    expect(refused.body).not.toMatch(/<b>|Battery-staple/);
    expect(pool.users.some(({ username }) => username === form['username'])).toBe(
      form['username'] === 'alice',
    );
  });

  it('takes no form of another site, and none without its token', async () => {
    const browser = new Browser();
    const page = await browser.open('/signup');
    const eve = { ...CAROL, username: 'eve' };
    for (const refused of [
      await browser.submit(page, eve, 'cross-site'),
      await new Browser().submit(page, eve),
    ]) {
      expect(refused.status).toBe(403);
    }
    expect(pool.users.map(({ username }) => username)).not.toContain('eve');
  });

  it('takes a thousand users, and not one more', async () => {
    const users = Array.from({ length: 1_000 }, (_, index) => ({ username: `u${index}` }));
    const full = await LocalUserPool.create({ users, clients: [{ clientId: 'web' }] });
    const other = await full.listen();
    const address = `${other.url}/signup?${new URLSearchParams(QUERY).toString()}`;
    const headers = { 'sec-fetch-site': 'same-origin' };
    const response = await fetch(address, {
      method: 'POST',
      headers,
      body: new URLSearchParams(CAROL),
    });
    await other.close();
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('takes no more users');
    expect(full.users).toHaveLength(1_000);
  });
});

describe('The pages that only Cognito has', () => {
  it.each([
    ['/forgotPassword', 'sends no mail', '/login'],
    ['/passkeys/add', 'has no passkeys', '/oauth2/authorize'],
  ])('at %s say so, and lead on', async (path, text, next) => {
    const { status, headers, body } = await new Browser().open(path, { state: '"><script>' });
    expect(status).toBe(200);
    expect(body).toContain(text);
    expect(body).toContain(`formaction="${next}"`);
    expect(body).not.toContain('<script');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(server.requests[path]).toBeGreaterThan(0);
  });

  it.each(['/signup', '/forgotPassword', '/passkeys/add'])(
    'at %s lead nobody to an address that is not registered',
    async (path) => {
      const query = { redirect_uri: 'https://evil.example/' };
      const { status, headers } = await new Browser().open(path, query);
      expect([status, headers.get('location')]).toEqual([400, null]);
    },
  );
});

describe('addUser()', () => {
  it('adds a user, of whom there may be one only', async () => {
    const growing = await LocalUserPool.create({ users: [{ username: 'alice' }] });
    const { sub } = growing.addUser({ username: 'bob', groups: ['staff'] });
    expect(growing.users.map(({ username }) => username)).toEqual(['alice', 'bob']);
    expect(growing.accessToken('bob').split('.')).toHaveLength(3);
    expect(sub).toMatch(/^[\da-f-]{36}$/);
    expect(() => growing.addUser({ username: 'alice' })).toThrow('two users named "alice"');
  });
});
