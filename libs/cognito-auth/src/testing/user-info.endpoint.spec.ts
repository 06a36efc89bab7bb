import { createHmac, createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalUserPool, type LocalUserPoolServer } from './index.js';

const OPENID = { scopes: ['openid'] };

let pool: LocalUserPool;
let otherPool: LocalUserPool;
let server: LocalUserPoolServer;

beforeAll(async () => {
  const users = [
    {
      username: 'alice',
      sub: 'a1b2',
      email: 'alice@example.com',
      name: 'Alice',
      groups: ['admin'],
      attributes: {
        phone_number: '+15550100',
        phone_number_verified: false,
        'custom:tenant': 'acme',
        updated_at: 1_700_000_000,
      },
    },
  ];
  pool = await LocalUserPool.create({ users, clients: [{ clientId: 'web' }, { secret: 's' }] });
  server = await pool.listen();
  const { userPoolId, issuer } = pool;
  otherPool = await LocalUserPool.create({ userPoolId, issuer, users, keySize: 1024 });
});

afterAll(() => server.close());

describe('/oauth2/userInfo', () => {
  it.each(['GET', 'POST'])('answers %s with the attributes of the user', async (method) => {
    const response = await userInfo(pool.accessToken('alice', OPENID), method);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json;charset=UTF-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      sub: 'a1b2',
      username: 'alice',
      name: 'Alice',
      email: 'alice@example.com',
      email_verified: 'true',
      phone_number: '+15550100',
      phone_number_verified: 'false',
      'custom:tenant': 'acme',
      updated_at: 1_700_000_000,
    });
  });

  it('tells no more than the scopes open', async () => {
    const response = await userInfo(pool.accessToken('alice', { scopes: ['openid', 'email'] }));
    expect(await response.json()).toEqual({
      sub: 'a1b2',
      username: 'alice',
      email: 'alice@example.com',
      email_verified: 'true',
    });
  });

  it('takes the scheme in any case', async () => {
    const authorization = `bearer ${pool.accessToken('alice', OPENID)}`;
    expect((await send({ authorization })).status).toBe(200);
  });

  it('takes tokens of keys that are still published, and no others', async () => {
    const rotating = await LocalUserPool.create({ users: [{ username: 'alice' }], keySize: 1024 });
    const rotatingServer = await rotating.listen();
    const headers = { authorization: `Bearer ${rotating.accessToken('alice', OPENID)}` };
    const status = async () =>
      (await fetch(`${rotatingServer.url}/oauth2/userInfo`, { headers })).status;
    await rotating.rotateKeys();
    expect(await status()).toBe(200);
    await rotating.rotateKeys({ keep: false });
    expect(await status()).toBe(401);
    await rotatingServer.close();
  });

  it.each<[string, () => string]>([
    ['that was forged', () => pool.forgedToken(OPENID)],
    ['of another pool', () => otherPool.accessToken('alice', OPENID)],
    ['with another payload', () => tampered(pool.accessToken('alice', OPENID))],
    ['that is signed by nobody', () => unsigned({ alg: 'none' })],
    ['that is signed with the public key', () => signedWithPublicKey()],
    ['with a signature written in another way', () => respelled()],
    [
      'without a key id',
      () => pool.accessToken('alice', { ...OPENID, header: { kid: undefined } }),
    ],
    [
      'of another algorithm',
      () => pool.accessToken('alice', { ...OPENID, header: { alg: 'PS256' } }),
    ],
    ['of another issuer', () => accessTokenWith({ iss: 'https://other.example.com' })],
    ['that has expired', () => pool.accessToken('alice', { ...OPENID, expiresIn: -1 })],
    ['that never expires', () => accessTokenWith({ exp: undefined })],
    ['whose expiry is a string', () => accessTokenWith({ exp: '99999999999' })],
    ['of a user who is not there', () => accessTokenWith({ username: 'carol' })],
    ['of another use', () => accessTokenWith({ token_use: 'id' })],
    ['that is an ID token', () => pool.idToken('alice', OPENID)],
    ['that is a refresh token', () => pool.refreshToken('alice', OPENID)],
    ['of a machine', () => pool.clientToken({ scopes: ['openid'] })],
    ['that is not JSON', () => pool.sign('openid')],
    ['that is JSON but no object', () => pool.sign('null')],
    ['whose header is no object', () => pool.sign({}, { header: 'null' })],
    ['that is none', () => 'garbage'],
    ['that has no parts', () => '..'],
  ])('answers invalid_token to a token %s', async (_, token) => {
    await expectInvalidToken(
      await userInfo(token()),
      'Access token is expired, disabled, or deleted, or the user has globally signed out.',
    );
  });

  it.each([
    ['of a sign-in through the API', {}],
    ['of other scopes', { scopes: ['orders/read', 'not-openid'] }],
    ['without any scope', { scopes: [] }],
  ])('answers invalid_token to a token %s', async (_, options) => {
    await expectInvalidToken(
      await userInfo(pool.accessToken('alice', options)),
      'Access token does not contain openid scope',
    );
  });

  it('answers invalid_token without a token, and to one in another place', async () => {
    const token = pool.accessToken('alice', OPENID);
    expect((await send({})).status).toBe(401);
    expect((await send({ authorization: token })).status).toBe(401);
    expect((await send({ authorization: `Basic ${token}` })).status).toBe(401);
    const address = `${server.url}/oauth2/userInfo?access_token=${token}`;
    expect((await fetch(address)).status).toBe(401);
  });
});

function userInfo(token: string, method = 'GET'): Promise<Response> {
  return send({ authorization: `Bearer ${token}` }, method);
}

function send(headers: Record<string, string>, method = 'GET'): Promise<Response> {
  return fetch(`${server.url}/oauth2/userInfo`, { method, headers });
}

async function expectInvalidToken(response: Response, description: string): Promise<void> {
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    `Bearer error="invalid_token", error_description="${description}"`,
  );
  expect(await response.json()).toEqual({
    error: 'invalid_token',
    error_description: description,
  });
}

function accessTokenWith(claims: Record<string, unknown>): string {
  return pool.accessToken('alice', { ...OPENID, claims });
}

function partsOf(token: string): [string, string, string] {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
}

function tampered(token: string): string {
  const [header, payload, signature] = partsOf(token);
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  return `${header}.${base64url({ ...claims, admin: true })}.${signature}`;
}

function unsigned(header: object): string {
  const [, payload] = partsOf(pool.accessToken('alice', OPENID));
  return `${base64url({ kid: pool.jwks().keys[0]?.kid, ...header })}.${payload}.AAAA`;
}

// The classic confusion of algorithms: an HMAC keyed with what everybody knows.
function signedWithPublicKey(): string {
  const [jwk] = pool.jwks().keys;
  const [header, payload] = partsOf(unsigned({ alg: 'HS256' }));
  const key = createPublicKey({ key: jwk ?? {}, format: 'jwk' });
  const pem = key.export({ format: 'pem', type: 'spki' });
  const signature = createHmac('sha256', pem).update(`${header}.${payload}`).digest('base64url');
  return `${header}.${payload}.${signature}`;
}

// The last character of 256 bytes in base64url has four bits that mean nothing.
function respelled(): string {
  const token = pool.accessToken('alice', OPENID);
  const last = ALPHABET.indexOf(token.slice(-1));
  return token.slice(0, -1) + ALPHABET.charAt(last + 1);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
