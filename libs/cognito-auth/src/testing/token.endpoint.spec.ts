import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

const SECRET = 'wr1tt3n+and/with:colons%';
const MACHINE = { client_id: 'batch', client_secret: SECRET };

let pool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', email: 'alice@example.com', groups: ['admin'] }],
    clients: [
      { clientId: 'web', accessTokenValidity: 300 },
      { clientId: 'other' },
      {
        clientId: 'batch',
        secret: SECRET,
        scopes: ['openid', 'orders/read', 'orders/write'],
        accessTokenValidity: 600,
      },
      { clientId: 'idle', secret: 's', scopes: ['openid'] },
    ],
  });
  server = await pool.listen();
});

afterAll(() => server.close());

describe('POST /oauth2/token with client_credentials', () => {
  it('grants all custom scopes of the app client when none are asked for', async () => {
    const { status, body } = await tokens({ grant_type: 'client_credentials', ...MACHINE });
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      expires_in: 600,
      token_type: 'Bearer',
    });
    expect(claimsOf(body.access_token)).toMatchObject({
      client_id: 'batch',
      sub: 'batch',
      iss: server.issuer,
      scope: 'orders/read orders/write',
    });
  });

  it('grants the scopes that are asked for', async () => {
    const form = { grant_type: 'client_credentials', ...MACHINE, scope: 'orders/write' };
    const { body } = await tokens(form);
    expect(claimsOf(body.access_token).scope).toBe('orders/write');
  });

  it.each([
    ['with a plus as it is', `batch:${SECRET.replace('%', '%25')}`],
    ['percent-encoded', `batch:${encodeURIComponent(SECRET)}`],
  ])('takes id and secret from the Authorization header, %s', async (_, credentials) => {
    const { status } = await tokens({ grant_type: 'client_credentials' }, basic(credentials));
    expect(status).toBe(200);
  });

  it('takes the same id in the form and in the header', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'batch' };
    const { status } = await tokens(form, basic(`batch:${encodeURIComponent(SECRET)}`));
    expect(status).toBe(200);
  });

  it.each([
    ['a scope that the client may not have', 'batch', SECRET, 'orders/read orders/delete'],
    ['a scope that only users have', 'batch', SECRET, 'openid'],
    ['a client without custom scopes', 'idle', 's', ''],
  ])('answers invalid_scope to %s', async (_, client_id, client_secret, scope) => {
    const form = { grant_type: 'client_credentials', client_id, client_secret, scope };
    expect(await refusal(form)).toBe('400 invalid_scope');
  });

  it('answers unauthorized_client to an app client without a secret', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'web' };
    expect(await refusal(form)).toBe('400 unauthorized_client');
  });
});

describe('POST /oauth2/token with refresh_token', () => {
  it('gives new tokens of the same session and no new refresh token', async () => {
    const authTime = 1_700_000_000;
    const refresh_token = pool.refreshToken('alice', { authTime, originJti: 'session-1' });
    const form = { grant_type: 'refresh_token', client_id: 'web', refresh_token };
    const [first, second] = [await tokens(form), await tokens(form)];

    expect(Object.keys(first.body).toSorted()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'token_type',
    ]);
    expect(first.body).toMatchObject({ expires_in: 300, token_type: 'Bearer' });
    const session = { origin_jti: 'session-1', auth_time: authTime, 'cognito:groups': ['admin'] };
    const accessClaims = claimsOf(first.body.access_token);
    expect(accessClaims).toMatchObject({ ...session, token_use: 'access', username: 'alice' });
    expect(accessClaims.scope).toBe('aws.cognito.signin.user.admin');
    expect(claimsOf(first.body.id_token)).toMatchObject({
      ...session,
      token_use: 'id',
      aud: 'web',
    });
    expect(claimsOf(second.body.access_token)).toMatchObject(session);
    expect(claimsOf(second.body.access_token).jti).not.toBe(accessClaims.jti);
  });

  it('keeps the scopes and the audience of a sign-in through OAuth', async () => {
    const audience = 'https://api.example.com';
    const scopes = ['openid', 'email', 'orders/read'];
    const refresh_token = pool.refreshToken('alice', { scopes, audience });
    const { body } = await tokens({ grant_type: 'refresh_token', client_id: 'web', refresh_token });
    const scope = 'openid email orders/read';
    expect(claimsOf(body.access_token)).toMatchObject({ scope, aud: audience, version: 2 });
    expect(claimsOf(body.id_token)).toMatchObject({
      aud: 'web',
      at_hash: expect.any(String),
      email: 'alice@example.com',
    });
  });

  it('gives no ID token when the scopes leave out openid', async () => {
    const refresh_token = pool.refreshToken('alice', { scopes: ['orders/read'] });
    const { body } = await tokens({ grant_type: 'refresh_token', client_id: 'web', refresh_token });
    expect(body).not.toHaveProperty('id_token');
    expect(claimsOf(body.access_token).scope).toBe('orders/read');
  });

  it('wants the secret of a confidential app client', async () => {
    const refresh_token = pool.refreshToken('alice', { clientId: 'batch' });
    const form = { grant_type: 'refresh_token', client_id: 'batch', refresh_token };
    expect(await refusal(form)).toBe('400 invalid_client');
    expect((await tokens({ ...form, ...MACHINE })).status).toBe(200);
  });

  it.each([
    ['another app client', () => pool.refreshToken('alice', { clientId: 'other' })],
    ['a token that was never issued', () => 'a.b.c.d.e'],
    ['an access token', () => pool.accessToken('alice')],
  ])('answers invalid_grant to %s', async (_, refreshToken) => {
    const form = { grant_type: 'refresh_token', client_id: 'web', refresh_token: refreshToken() };
    expect(await refusal(form)).toBe('400 invalid_grant');
  });

  it('answers invalid_request without a token', async () => {
    expect(await refusal({ grant_type: 'refresh_token', client_id: 'web' })).toBe(
      '400 invalid_request',
    );
  });
});

describe('POST /oauth2/token', () => {
  it('is never cached, and open to pages of every origin, refusals too', async () => {
    const granted = await post(formFor({ grant_type: 'client_credentials', ...MACHINE }));
    const refused = await post(formFor({}));
    expect([granted.status, refused.status]).toEqual([200, 400]);
    for (const { headers } of [granted, refused]) {
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('content-type')).toBe('application/json;charset=UTF-8');
    }
  });

  it('says what is wrong and repeats nothing of the request', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'batch', client_secret: 'guessed' };
    const { body } = await tokens(form);
    expect(body).toEqual({
      error: 'invalid_client',
      error_description: 'The secret of the app client is missing or wrong.',
    });
  });

  it.each([
    ['an unknown app client', { client_id: 'nobody', client_secret: 's' }],
    ['no secret', { client_id: 'batch' }],
    ['a secret from a public app client', { client_id: 'web', client_secret: 's' }],
  ])('answers invalid_client to %s', async (_, client) => {
    const form = { grant_type: 'client_credentials', ...client };
    expect(await refusal(form)).toBe('400 invalid_client');
  });

  it.each([
    ['another scheme', { authorization: 'Bearer YmF0Y2g6cw==' }],
    ['text that is not base64', { authorization: 'Basic batch:s' }],
    ['no colon', basic('batch')],
    ['no id', basic(':s')],
    ['broken percent-encoding', basic('batch:%E0%A4%A')],
    ['an id that differs from the form', basic('idle:s')],
  ])('answers invalid_client to an Authorization header with %s', async (_, headers) => {
    const form = { grant_type: 'client_credentials', client_id: 'batch' };
    expect(await refusal(form, headers)).toBe('400 invalid_client');
  });

  it('answers invalid_request to a secret in the header and in the form', async () => {
    const form = { grant_type: 'client_credentials', ...MACHINE };
    expect(await refusal(form, basic('batch:s'))).toBe('400 invalid_request');
  });

  it.each([
    ['no grant type', 'client_id=web'],
    ['an empty grant type', 'grant_type=&client_id=web'],
    ['no app client', 'grant_type=client_credentials'],
    ['a parameter twice', 'grant_type=password&grant_type=password&client_id=web'],
    ['garbage', '%E0%A4%A&&=%&\u0000'],
    ['nothing', ''],
  ])('answers invalid_request to %s', async (_, form) => {
    const response = await post(form);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  it.each(['password', 'implicit', '__proto__', 'constructor'])(
    'answers unsupported_grant_type to %s',
    async (grant_type) => {
      expect(await refusal({ grant_type, client_id: 'web' })).toBe('400 unsupported_grant_type');
    },
  );

  it.each(['application/json', '', ';'])(
    'answers invalid_request to content type "%s"',
    async (type) => {
      const response = await post('grant_type=refresh_token&client_id=web', {
        'content-type': type,
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ error: 'invalid_request' });
    },
  );

  it('answers invalid_request to a form without a content type', async () => {
    const body = new Blob(['grant_type=refresh_token&client_id=web']);
    const response = await fetch(`${server.url}/oauth2/token`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  it('takes a content type in any case and with a charset', async () => {
    const type = 'Application/X-WWW-Form-Urlencoded ; charset=UTF-8';
    const form = formFor({ grant_type: 'client_credentials', ...MACHINE });
    expect((await post(form, { 'content-type': type })).status).toBe(200);
  });

  it('answers 413 to a body of more than 64 KB, and reads one that has exactly 64 KB', async () => {
    const form = formFor({ grant_type: 'client_credentials', ...MACHINE, pad: '' });
    const fitting = form.padEnd(64 * 1024, 'x');
    expect((await post(fitting)).status).toBe(200);
    expect((await post(`${fitting}x`)).status).toBe(413);
    expect((await post(form.padEnd(4 * 1024 * 1024, 'x'))).status).toBe(413);
  });

  it.each(['GET', 'PUT'])('answers 405 to %s', async (method) => {
    const response = await fetch(`${server.url}/oauth2/token`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  it('survives a client that goes away in the middle of its request', async () => {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(
      'POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n' +
        'Expect: 100-continue\r\n\r\ngrant_type=',
    );
    // "100 Continue": the server has begun to read the body.
    await once(socket, 'data');
    socket.destroy();
    const { status } = await tokens({ grant_type: 'client_credentials', ...MACHINE });
    expect(status).toBe(200);
  });
});

type Headers = Record<string, string>;

function post(body: string, headers: Headers = {}): Promise<Response> {
  return fetch(`${server.url}/oauth2/token`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
}

function formFor(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}

async function tokens(form: Record<string, string>, headers?: Headers) {
  const response = await post(formFor(form), headers);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function refusal(form: Record<string, string>, headers?: Headers): Promise<string> {
  const { status, body } = await tokens(form, headers);
  return `${status} ${String(body.error)}`;
}

function basic(credentials: string): Headers {
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

function claimsOf(token: unknown): Record<string, unknown> {
  const [, payload = ''] = String(token).split('.');
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}
