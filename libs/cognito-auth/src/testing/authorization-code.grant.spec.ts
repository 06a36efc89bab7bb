import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

const VERIFIER = 'a-verifier-of-the-right-length-0123456789_~.-';
const PKCE = { code_challenge: hashOf(VERIFIER), code_challenge_method: 'S256' };
const CALLBACK = 'http://localhost:3000/callback';
const SECRET = 'confidential';

let pool: LocalUserPool;
let server: LocalUserPoolServer;
let cookie: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        name: 'Alice',
        groups: ['admin'],
        attributes: { phone_number: '+15550100' },
      },
    ],
    clients: [
      { clientId: 'web', scopes: ['openid', 'email', 'orders/read'], accessTokenValidity: 300 },
      { clientId: 'other' },
      { clientId: 'server', secret: SECRET },
      { clientId: 'rotating', refreshTokenRotation: true },
    ],
  });
  server = await pool.listen();
  cookie = await signIn();
});

afterAll(() => server.close());

afterEach(() => {
  vi.useRealTimers();
});

describe('POST /oauth2/token with authorization_code', () => {
  it('gives the tokens of a sign-in, as Cognito gives them', async () => {
    const { status, body } = await exchange(await codeFor({ nonce: 'n-1' }));
    expect(status).toBe(200);
    expect(body).toEqual({
      id_token: expect.any(String),
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in: 300,
      token_type: 'Bearer',
    });
    const access = claimsOf(body.access_token);
    expect(access).toMatchObject({
      token_use: 'access',
      username: 'alice',
      'cognito:groups': ['admin'],
      client_id: 'web',
      iss: server.issuer,
      scope: 'openid email orders/read',
      version: 2,
    });
    expect(access).not.toHaveProperty('aud');
    expect(claimsOf(body.id_token)).toMatchObject({
      token_use: 'id',
      'cognito:username': 'alice',
      aud: 'web',
      nonce: 'n-1',
      at_hash: createHash('sha256')
        .update(String(body.access_token))
        .digest()
        .subarray(0, 16)
        .toString('base64url'),
      origin_jti: access.origin_jti,
      auth_time: access.auth_time,
    });
  });

  it('gives the attributes that the scopes open, and no nonce that was not sent', async () => {
    const { body } = await exchange(await codeFor({ scope: 'email openid' }));
    const claims = claimsOf(body.id_token);
    expect(claims).toMatchObject({ email: 'alice@example.com', email_verified: true });
    for (const name of ['name', 'phone_number', 'nonce']) expect(claims).not.toHaveProperty(name);
    expect(claimsOf(body.access_token).scope).toBe('email openid');
  });

  it('gives no ID token without the scope openid', async () => {
    const { body } = await exchange(await codeFor({ scope: 'orders/read' }));
    expect(Object.keys(body)).not.toContain('id_token');
    expect(claimsOf(body.access_token).scope).toBe('orders/read');
  });

  it('names a scope once that was asked for twice', async () => {
    const { body } = await exchange(await codeFor({ scope: 'openid  openid' }));
    expect(claimsOf(body.access_token).scope).toBe('openid');
  });

  it('binds the access token to a resource, through a refresh too', async () => {
    const resource = 'https://api.example.com/orders';
    const { body } = await exchange(await codeFor({ resource }));
    expect(claimsOf(body.access_token).aud).toBe(resource);
    expect(claimsOf(body.id_token).aud).toBe('web');
    const refreshed = await refresh('web', body.refresh_token);
    expect(claimsOf(refreshed.body.access_token).aud).toBe(resource);
  });

  it('gives a refresh token that keeps session, sign-in time and scopes', async () => {
    later(30 * MINUTE);
    const { body } = await exchange(await codeFor({ scope: 'openid orders/read', nonce: 'n-1' }));
    const first = claimsOf(body.access_token);
    expect(Number(first.iat) - Number(first.auth_time)).toBeGreaterThanOrEqual(1800);
    const refreshed = await refresh('web', body.refresh_token);
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({
      origin_jti: first.origin_jti,
      auth_time: first.auth_time,
      scope: 'openid orders/read',
    });
    // OpenID Connect Core §12.2.
    expect(claimsOf(refreshed.body.id_token)).not.toHaveProperty('nonce');
  });

  it('starts a session of its own with every code, at the time of the one sign-in', async () => {
    const [one, other] = [await exchange(await codeFor()), await exchange(await codeFor())].map(
      ({ body }) => claimsOf(body.access_token),
    );
    expect(one?.origin_jti).not.toBe(other?.origin_jti);
    expect(one?.auth_time).toBe(other?.auth_time);
  });

  it('takes a confidential app client by its secret, with PKCE or without', async () => {
    for (const pkce of [PKCE, NO_PKCE]) {
      const code = await codeFor({ ...pkce, client_id: 'server' });
      const form = { ...formFor(code), client_id: 'server', client_secret: SECRET };
      expect((await post(pkce === PKCE ? form : without(form, 'code_verifier'))).status).toBe(200);
    }
    const code = await codeFor({ client_id: 'server' });
    const credentials = Buffer.from(`server:${SECRET}`).toString('base64');
    const form = without(formFor(code), 'client_id');
    expect((await post(form, { authorization: `Basic ${credentials}` })).status).toBe(200);
  });

  it('leaves PKCE to a public app client, as Cognito does', async () => {
    const code = await codeFor(NO_PKCE);
    expect((await post(without(formFor(code), 'code_verifier'))).status).toBe(200);
  });

  it('refuses a code the second time, and leaves the first tokens alone', async () => {
    const code = await codeFor();
    const { body } = await exchange(code);
    expect(await refusal(formFor(code))).toBe('400 invalid_grant');
    expect((await refresh('web', body.refresh_token)).status).toBe(200);
  });

  it('gives tokens to one of many that come with a code at once', async () => {
    const code = await codeFor();
    const attempts = await Promise.all(Array.from({ length: 10 }, () => exchange(code)));
    expect(attempts.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('refuses a code that is older than five minutes', async () => {
    // From here on time stands still but for what the test adds.
    later(0);
    const [inTime, late] = [await codeFor(), await codeFor()];
    later(5 * MINUTE - 1000);
    expect((await exchange(inTime)).status).toBe(200);
    later(1000);
    expect(await refusal(formFor(late))).toBe('400 invalid_grant');
  });

  it.each<[string, Record<string, string>, string]>([
    ['another app client', { client_id: 'other' }, 'invalid_grant'],
    ['another callback URL', { redirect_uri: `${CALLBACK}/` }, 'unauthorized_client'],
    ['another verifier', { code_verifier: `${VERIFIER}a` }, 'invalid_grant'],
    ['the challenge as verifier', { code_verifier: PKCE.code_challenge }, 'invalid_grant'],
  ])('refuses a code with %s, and that code for ever', async (_, change, error) => {
    const code = await codeFor();
    expect(await refusal({ ...formFor(code), ...change })).toBe(`400 ${error}`);
    expect(await refusal(formFor(code))).toBe('400 invalid_grant');
  });

  it.each(['code', 'redirect_uri', 'code_verifier', 'client_id'])(
    'answers invalid_request without %s',
    async (name) => {
      expect(await refusal(without(formFor(await codeFor()), name))).toBe('400 invalid_request');
    },
  );

  it('refuses a verifier for a code that was asked for without PKCE', async () => {
    expect(await refusal(formFor(await codeFor(NO_PKCE)))).toBe('400 invalid_grant');
  });

  it.each(['invented', '__proto__', 'a'.repeat(10_000)])('refuses the code %.10s', async (code) => {
    expect(await refusal(formFor(code))).toBe('400 invalid_grant');
  });

  it('wants the secret of a confidential app client, and does not spend the code before', async () => {
    const code = await codeFor({ client_id: 'server' });
    const form = { ...formFor(code), client_id: 'server' };
    expect(await refusal(form)).toBe('400 invalid_client');
    expect(await refusal({ ...form, client_secret: 'guessed' })).toBe('400 invalid_client');
    expect((await post({ ...form, client_secret: SECRET })).status).toBe(200);
  });
});

describe('POST /oauth2/token with refresh_token', () => {
  it('renews tokens for thirty days', async () => {
    const refreshToken = pool.refreshToken('alice');
    later(30 * DAY - MINUTE);
    expect((await refresh('web', refreshToken)).status).toBe(200);
    later(MINUTE);
    expect((await refresh('web', refreshToken)).body.error).toBe('invalid_grant');
  });

  describe('of an app client whose refresh tokens rotate', () => {
    it('gives a new refresh token each time, and takes the old one no longer', async () => {
      const code = await codeFor({ client_id: 'rotating' });
      const { body } = await post({ ...formFor(code), client_id: 'rotating' });
      const second = await refresh('rotating', body.refresh_token);
      const third = await refresh('rotating', second.body.refresh_token);
      expect([second.status, third.status]).toEqual([200, 200]);
      expect(claimsOf(third.body.access_token).origin_jti).toBe(
        claimsOf(body.access_token).origin_jti,
      );
      for (const old of [body.refresh_token, second.body.refresh_token]) {
        expect((await refresh('rotating', old)).body.error).toBe('invalid_grant');
      }
      expect((await refresh('rotating', third.body.refresh_token)).status).toBe(200);
    });

    it('gives one of many that come with a refresh token at once a new one', async () => {
      const refreshToken = pool.refreshToken('alice', { clientId: 'rotating' });
      const attempts = Array.from({ length: 10 }, () => refresh('rotating', refreshToken));
      const successes = (await Promise.all(attempts)).filter(({ status }) => status === 200);
      expect(successes).toHaveLength(1);
    });

    it('prolongs nothing', async () => {
      const first = pool.refreshToken('alice', { clientId: 'rotating' });
      later(29 * DAY);
      const { body } = await refresh('rotating', first);
      later(DAY);
      expect((await refresh('rotating', body.refresh_token)).body.error).toBe('invalid_grant');
    });
  });
});

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NO_PKCE = { code_challenge: '', code_challenge_method: '' };

function later(milliseconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds });
}

/** Signs alice in on the page; returns the cookie of her session. */
async function signIn(): Promise<string> {
  const query = { response_type: 'code', client_id: 'web', redirect_uri: CALLBACK };
  const address = `${server.url}/login?${new URLSearchParams(query).toString()}`;
  const page = await fetch(address);
  const [, _csrf = ''] = /name="_csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
  const password = pool.users[0]?.password ?? '';
  const response = await fetch(address, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: page.headers.get('set-cookie') ?? '' },
    body: new URLSearchParams({ username: 'alice', password, _csrf }),
  });
  expect(response.status).toBe(302);
  return response.headers.get('set-cookie') ?? '';
}

/** An authorization code for the user who has signed in. */
async function codeFor(change: Record<string, string> = {}): Promise<string> {
  const query = {
    response_type: 'code',
    client_id: 'web',
    redirect_uri: CALLBACK,
    ...PKCE,
    ...change,
  };
  const address = `${server.url}/oauth2/authorize?${new URLSearchParams(query).toString()}`;
  const response = await fetch(address, { redirect: 'manual', headers: { cookie } });
  const code = new URL(response.headers.get('location') ?? '').searchParams.get('code');
  if (code === null) throw new Error(`There is no code in ${response.headers.get('location')}`);
  return code;
}

function formFor(code: string): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: 'web',
    code,
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  };
}

function without(form: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([key]) => key !== name));
}

async function post(form: Record<string, string>, headers: Record<string, string> = {}) {
  const init = { method: 'POST', body: new URLSearchParams(form), headers };
  const response = await fetch(`${server.url}/oauth2/token`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function exchange(code: string) {
  return post(formFor(code));
}

function refresh(client_id: string, refreshToken: unknown) {
  return post({ grant_type: 'refresh_token', client_id, refresh_token: String(refreshToken) });
}

async function refusal(form: Record<string, string>): Promise<string> {
  const { status, body } = await post(form);
  return `${status} ${String(body.error)}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function claimsOf(token: unknown): Record<string, unknown> {
  const [, payload = ''] = String(token).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
