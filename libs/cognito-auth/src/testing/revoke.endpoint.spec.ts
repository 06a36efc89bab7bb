import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

const SECRET = 'confidential';
const OPENID = { scopes: ['openid'] };

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice' }],
    clients: [
      { clientId: 'web' },
      { clientId: 'other' },
      { clientId: 'server', secret: SECRET },
      { clientId: 'rotating', refreshTokenRotation: true },
    ],
  });
  server = await pool.listen();
});

afterAll(() => server.close());

describe('POST /oauth2/revoke', () => {
  it('ends the session of a refresh token: its tokens get and give nothing any more', async () => {
    const token = pool.refreshToken('alice', OPENID);
    const { access_token: before } = await refreshed('web', token);
    expect(await userInfoStatus(before)).toBe(200);

    const response = await revoke({ client_id: 'web', token });
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('');

    expect(await refreshed('web', token)).toMatchObject({ error: 'invalid_grant' });
    expect(await userInfoStatus(before)).toBe(401);
  });

  it('leaves other sessions alone', async () => {
    const token = pool.refreshToken('alice', OPENID);
    const other = pool.refreshToken('alice', OPENID);
    await revoke({ client_id: 'web', token });
    const { access_token: accessToken } = await refreshed('web', other);
    expect(await userInfoStatus(accessToken)).toBe(200);
    expect(await userInfoStatus(pool.accessToken('alice', OPENID))).toBe(200);
  });

  it('ends a session with all its refresh tokens', async () => {
    const session = { ...OPENID, originJti: 'session-1' };
    const [one, other] = [pool.refreshToken('alice', session), pool.refreshToken('alice', session)];
    await revoke({ client_id: 'web', token: one });
    expect(await refreshed('web', other)).toMatchObject({ error: 'invalid_grant' });
    expect(await userInfoStatus(pool.accessToken('alice', session))).toBe(401);
  });

  it('ends a session by the refresh token that the last refresh gave', async () => {
    const first = pool.refreshToken('alice', { ...OPENID, clientId: 'rotating' });
    const { refresh_token: second, access_token: accessToken } = await refreshed('rotating', first);
    await revoke({ client_id: 'rotating', token: String(second) });
    expect(await refreshed('rotating', second)).toMatchObject({ error: 'invalid_grant' });
    expect(await userInfoStatus(accessToken)).toBe(401);
  });

  it.each([
    ['in the Authorization header', {}, basic(`server:${SECRET}`)],
    ['in the form', { client_id: 'server', client_secret: SECRET }, {}],
  ])('takes the secret of a confidential app client %s', async (_, form, headers) => {
    const token = pool.refreshToken('alice', { clientId: 'server' });
    expect((await revoke({ token, ...form }, headers)).status).toBe(200);
    const credentials = { client_id: 'server', client_secret: SECRET };
    expect(await refreshed(credentials, token)).toMatchObject({ error: 'invalid_grant' });
  });

  it('answers 200 to a token that is unknown or was revoked before', async () => {
    const token = pool.refreshToken('alice');
    for (const unknown of [token, token, 'a.b.c.d.e', 'invented', '__proto__']) {
      const response = await revoke({ client_id: 'web', token: unknown });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  });

  it('answers 200 to a token of another app client, and leaves it alone', async () => {
    const token = pool.refreshToken('alice');
    expect((await revoke({ client_id: 'other', token })).status).toBe(200);
    expect(await refreshed('web', token)).toHaveProperty('access_token');
  });

  it.each([
    ['an access token', () => pool.accessToken('alice', OPENID)],
    ['an ID token', () => pool.idToken('alice', OPENID)],
  ])('answers unsupported_token_type to %s', async (_, token) => {
    const response = await revoke({ client_id: 'web', token: token() });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: 'unsupported_token_type',
      error_description: 'Only refresh tokens can be revoked.',
    });
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['an unknown app client', { client_id: 'nobody' }, {}],
    ['no secret', { client_id: 'server' }, {}],
    ['a wrong secret', {}, basic('server:guessed')],
    ['a malformed header', { client_id: 'web' }, { authorization: 'Bearer abc' }],
  ])('answers invalid_client to %s', async (_, form, headers) => {
    const token = pool.refreshToken('alice', { clientId: 'server' });
    const response = await revoke({ token, ...form }, headers);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="oauth2"');
    expect(await response.json()).toMatchObject({ error: 'invalid_client' });
  });

  it.each<[string, Record<string, string>]>([
    ['no token', { client_id: 'web' }],
    ['an empty token', { client_id: 'web', token: '' }],
    ['no app client', { token: 'a' }],
  ])('answers invalid_request to %s', async (_, form) => {
    const response = await revoke(form);
    expect(response.status).toBe(400);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('answers 413 to too large a form', async () => {
    const response = await revoke({ client_id: 'web', token: 'a'.repeat(64 * 1024) });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });
});

function revoke(
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const init = { method: 'POST', body: new URLSearchParams(form), headers };
  return fetch(`${server.url}/oauth2/revoke`, init);
}

async function refreshed(client: string | Record<string, string>, refreshToken: unknown) {
  const response = await fetch(`${server.url}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: String(refreshToken),
      ...(typeof client === 'string' ? { client_id: client } : client),
    }),
  });
  return (await response.json()) as Record<string, unknown>;
}

async function userInfoStatus(accessToken: unknown): Promise<number> {
  const headers = { authorization: `Bearer ${String(accessToken)}` };
  return (await fetch(`${server.url}/oauth2/userInfo`, { headers })).status;
}

function basic(credentials: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}
