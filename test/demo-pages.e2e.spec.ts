import { LocalUserPool, type LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { bannerOf } from '../apps/demo/src/banner.js';
import { configurationOf } from '../apps/demo/src/configuration.js';
import { type Demo, startDemo } from '../apps/demo/src/demo.js';
import { Browser } from './hosted-ui/browser.js';

const ANY_PORTS = { host: '127.0.0.1', port: 0, poolPort: 0 };

describe.each(['express', 'fastify'] as const)('The pages of the demo on %s', (adapter) => {
  let demo: Demo;
  let browser: Browser;

  beforeAll(async () => {
    demo = await startDemo({ adapter, ...ANY_PORTS });
  });

  afterAll(() => demo.close());

  const tokenOf = async (name: string): Promise<string> => {
    const tokens = await fetch(`${demo.url}/demo/token/${name}`);
    return ((await tokens.json()) as { access_token: string }).access_token;
  };

  it('begin without a user', async () => {
    browser = new Browser();
    const { status, headers, body } = await browser.navigate(demo.url);

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(body).toContain('<h1>Nobody is signed in</h1>');
    expect(body).toMatch(/<button[^>]*>Sign in</);
  });

  it('are kept nowhere, and run and load nothing of others', async () => {
    const { headers } = await browser.navigate(demo.url);

    expect(headers.get('cache-control')).toBe('no-store');
    const { origin } = new URL(demo.localPool?.issuer ?? '');
    expect(headers.get('content-security-policy')).toMatch(
      new RegExp(
        "^default-src 'none'; style-src 'sha256-[^']+'; script-src 'self'; connect-src 'self'; " +
          `img-src data:; form-action 'self' ${demo.url} ${origin}; base-uri 'none'; ` +
          "frame-ancestors 'none'$",
      ),
    );
    const script = await fetch(`${demo.url}/page.js`);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  });

  it('show who has signed in, until the sign-out', async () => {
    const page = await browser.open(`${demo.url}/auth/login`);
    const { url, body } = await browser.signIn(page, 'alice', 'alice-password');

    expect(url.href).toBe(`${demo.url}/`);
    expect(body).toContain('<h1>Signed in as alice</h1>');
    expect(body).toContain('<dd>alice@example.com</dd>');
    expect(body).toContain('<dd>admin, auditor</dd>');
    const me = await browser.call(`${demo.url}/me`);
    expect(JSON.parse(me.body)).toMatchObject({ username: 'alice', clientId: 'demo_browser' });

    const left = await browser.open(`${demo.url}/auth/logout`, { method: 'POST' });
    expect(left.url.href).toBe(`${demo.url}/`);
    expect(left.body).toContain('Nobody is signed in');
  });

  it('lead to a sign-in that names the passwords, and to a sign-up', async () => {
    const page = await browser.open(`${demo.url}/auth/login`);
    expect(page.body).toContain('Passwords: alice-password, bob-password, carol-password.');

    const home = await browser.navigate(demo.url);
    expect(home.body).toContain(`<a href="${demo.url}/auth/signup">Create an account</a>`);
    const form = await browser.open(`${demo.url}/auth/signup`);
    const { body } = await browser.signIn(form, 'dora', 'Correct-horse-7');
    expect(body).toContain('<h1>Signed in as dora</h1>');
    const me = await browser.call(`${demo.url}/me`);
    expect(JSON.parse(me.body)).toMatchObject({ username: 'dora', groups: [] });
    await browser.open(`${demo.url}/auth/logout`, { method: 'POST' });
  });

  it('send browsers to sign in for an account, and nobody else', async () => {
    const { status, headers } = await browser.navigate(`${demo.url}/account`);
    expect([status, headers.get('location')]).toEqual([302, '/auth/login?returnTo=%2Faccount']);

    const refused = await fetch(`${demo.url}/account`);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(await refused.json()).toMatchObject({ code: 'missing_token' });
  });

  it('show an account to whoever has a token, but for machines', async () => {
    const send = async (name: string) => {
      const headers = { authorization: `Bearer ${await tokenOf(name)}` };
      return fetch(`${demo.url}/account`, { headers });
    };
    const answer = await send('bob');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toContain('<dd>Bob Brandt</dd>');

    const refused = await send('demo_machine');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(await refused.json()).toMatchObject({ code: 'wrong_principal' });
  });
});

describe('The pages of the demo on another user pool', () => {
  let server: LocalUserPoolServer;
  let demo: Demo;

  beforeAll(async () => {
    const pool = await LocalUserPool.create({
      userPoolId: 'eu-west-1_AbCdEf123',
      issuer: 'https://issuer.invalid/eu-west-1_AbCdEf123',
      clients: [{ clientId: 'web', secret: 'web-secret' }],
      users: [
        {
          username: '<b>"dora"&',
          password: 'dora-password',
          email: "<i>'dora'@example.com",
          groups: ['<u>admin</u>'],
        },
      ],
    });
    server = await pool.listen();
  });

  afterEach(async () => {
    await demo.close();
    vi.unstubAllEnvs();
  });

  afterAll(() => server.close());

  const start = async (variables: Record<string, string> = {}): Promise<void> => {
    const environment: Record<string, string> = {
      PORT: '0',
      COGNITO_USER_POOL_ID: 'eu-west-1_AbCdEf123',
      COGNITO_CLIENT_ID: 'web',
      COGNITO_ISSUER: server.issuer,
      COGNITO_JWKS_URI: server.jwksUri,
      ...variables,
    };
    // The module reads them, too.
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    demo = await startDemo(configurationOf(environment));
  };

  it('say that COGNITO_DOMAIN is missing, and the API does without', async () => {
    await start();
    const browser = new Browser();

    const { status, body } = await browser.navigate(demo.url);
    expect(status).toBe(200);
    expect(body).toContain('COGNITO_DOMAIN is not set');
    expect(body).not.toContain('<form');
    expect(bannerOf(demo)).toContain('COGNITO_DOMAIN is not set');
    const account = await browser.navigate(`${demo.url}/account`);
    expect(account.status).toBe(401);
    expect(account.headers.get('www-authenticate')).toBe('Bearer realm="api"');
    expect(JSON.parse(account.body)).toMatchObject({ code: 'missing_token' });
    expect((await browser.navigate(`${demo.url}/auth/login`)).status).toBe(404);
  });

  it('sign in with the secret of an app client, and escape what a token says', async () => {
    await start({
      COGNITO_DOMAIN: server.domain,
      COGNITO_CLIENT_SECRET: 'web-secret',
      COGNITO_COOKIE_SECRET: 'a secret of a test that is long enough',
    });
    const browser = new Browser();

    const page = await browser.open(`${demo.url}/auth/login`);
    const { url, body } = await browser.signIn(page, '<b>"dora"&', 'dora-password');

    expect(url.href).toBe(`${demo.url}/`);
    expect(body).toContain('<h1>Signed in as &lt;b&gt;&quot;dora&quot;&amp;</h1>');
    expect(body).toContain('<dd>&lt;i&gt;&#39;dora&#39;@example.com</dd>');
    expect(body).toContain('<dd>&lt;u&gt;admin&lt;/u&gt;</dd>');
    const account = await browser.navigate(`${demo.url}/account`);
    expect(account.body).toContain('<dd>&lt;b&gt;&quot;dora&quot;&amp;</dd>');
  });

  it('say which URLs the app client has to allow, and keep its secret to themselves', async () => {
    await start({ COGNITO_DOMAIN: server.domain, COGNITO_CLIENT_SECRET: 'web-secret' });

    const banner = bannerOf(demo);
    expect(banner).toContain(`  callback  ${demo.url}/auth/callback\n`);
    expect(banner).toContain(`  sign-out  ${demo.url}/\n`);
    const swagger = await (await fetch(`${demo.url}/docs-json`)).text();
    expect(swagger).not.toContain('cognito-hosted-ui');
    expect(banner + swagger).not.toContain('web-secret');
  });
});

describe('The page of a demo whose user pool is gone', () => {
  it('shows the session until its token expires, and then says so', async () => {
    const demo = await startDemo({ adapter: 'express', ...ANY_PORTS });
    onTestFinished(async () => {
      vi.useRealTimers();
      await demo.close();
    });
    const browser = new Browser();
    const page = await browser.open(`${demo.url}/auth/login`);
    await browser.signIn(page, 'alice', 'alice-password');
    await demo.localPool?.close();
    expect((await browser.navigate(demo.url)).body).toContain('Signed in as alice');

    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 });
    const { status, body } = await browser.navigate(demo.url);

    expect(status).toBe(503);
    expect(body).toContain('role="alert">The sign-in service does not answer');
  });
});
