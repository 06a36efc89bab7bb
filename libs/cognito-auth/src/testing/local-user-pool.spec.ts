import { createHash, createPublicKey, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type LocalJwk, LocalUserPool } from './index.js';

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const ROLE = 'arn:aws:iam::111122223333:role/admin';

// The part of the module's options that decides whether a pool's options fit.
interface ModuleOptions {
  userPoolId: string;
  clientId: string | string[] | null;
  tokenUse?: TokenUse | TokenUse[];
  issuer?: string | string[];
  jwks?: { keys: object[] };
}
type TokenUse = 'access' | 'id';

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [
      {
        username: 'alice',
        sub: 'a1b2',
        email: 'alice@example.com',
        name: 'Alice',
        groups: ['admin', 'Auditor'],
        roles: [ROLE, `${ROLE}-2`],
        attributes: { phone_number: '+15550100', 'custom:tenant': 'acme', 'custom:level': 7 },
      },
      { username: 'bob' },
    ],
    clients: [
      { clientId: 'web', scopes: ['openid', 'orders/read'] },
      {
        clientId: 'batch',
        secret: 'confidential',
        scopes: ['openid', 'orders/write', 'orders/read'],
      },
      { clientId: 'brief', accessTokenValidity: 300, idTokenValidity: 600 },
    ],
  });
});

describe('LocalUserPool.create()', () => {
  it('needs nothing: it makes an id, an issuer and one public app client', async () => {
    const bare = await LocalUserPool.create();
    expect(bare.userPoolId).toMatch(/^local_[\da-zA-Z]{8}$/);
    expect(bare.issuer).toBe(`http://localhost:9229/${bare.userPoolId}`);
    expect(bare.clientId).toMatch(/^[\da-z]{26}$/);
    expect(bare.clients).toHaveLength(1);
    expect(bare.clients[0].secret).toBeUndefined();
    expect(bare.users).toEqual([]);
  });

  it('stands in for a pool of AWS when it is given its id and issuer', async () => {
    const issuer = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';
    const aws = await LocalUserPool.create({
      userPoolId: 'eu-west-1_AbCdEf123',
      issuer,
      users: [{ username: 'alice' }],
      keySize: 1024,
    });
    expect(aws.options()).toMatchObject({ userPoolId: 'eu-west-1_AbCdEf123', issuer });
    expect(payloadOf(aws.accessToken('alice')).iss).toBe(issuer);
  });

  it('fills in what an app client leaves out', () => {
    expect(pool.clients[2]).toMatchObject({
      clientId: 'brief',
      scopes: ['openid', 'email', 'phone', 'profile'],
      callbackUrls: undefined,
      logoutUrls: undefined,
      refreshTokenRotation: false,
      idTokenValidity: 600,
    });
  });

  it('fills in what a user leaves out', () => {
    const bob = pool.users[1];
    expect(bob).toMatchObject({ username: 'bob', groups: [], roles: [], attributes: {} });
    expect(bob?.sub).toMatch(UUID);
    expect(bob?.password).toMatch(/^[\da-zA-Z]{16}$/);
  });

  it('takes what is undefined for left out', async () => {
    const attributes = { locale: undefined, 'custom:tenant': undefined };
    const users = [{ username: 'eve', email: undefined, name: undefined, attributes }];
    const { users: known } = await LocalUserPool.create({ issuer: undefined, users });

    expect(known[0]?.attributes).toEqual({});
  });

  it('gives each user a password of its own', async () => {
    const { users } = await LocalUserPool.create({
      users: [{ username: 'a' }, { username: 'b' }, { username: 'c', password: 'chosen' }],
      keySize: 1024,
    });
    expect(users[0]?.password).not.toBe(users[1]?.password);
    expect(users[2]?.password).toBe('chosen');
  });

  it('shows users and clients that cannot be changed', () => {
    expect(() => Object.assign(pool.users[0] ?? {}, { username: 'mallory' })).toThrow(TypeError);
    expect(pool.users.every(({ groups }) => Object.isFrozen(groups))).toBe(true);
    expect(() => Object.assign(pool.clients[0], { secret: '' })).toThrow(TypeError);
  });

  it.each([
    ['a user pool id with a slash', { userPoolId: 'local/../x' }, /"userPoolId" must look like/],
    ['a user without a name', { users: [{ username: '' }] }, /a user without a name/],
    ['two users of one name', { users: [{ username: 'a' }, { username: 'a' }] }, /named "a"/],
    [
      'roles without a group',
      { users: [{ username: 'a', roles: [ROLE] }] },
      /no group to have them/,
    ],
    [
      'an attribute that a user pool does not have',
      { users: [{ username: 'a', attributes: { sub: 'b', tenant: 'c', 'custom:d': 'e' } }] },
      /does not have: "sub", "tenant"\./,
    ],
    ['an app client without an id', { clients: [{ clientId: '' }] }, /app client with no id/],
    ['an empty secret', { clients: [{ clientId: 'a', secret: '' }] }, /secret of app client "a"/],
    [
      'a callback URL over http beyond this machine',
      { clients: [{ clientId: 'a', callbackUrls: ['http://app.example.com/callback'] }] },
      /"callbackUrls" of app client "a" has "http:\/\/app\.example\.com\/callback"/,
    ],
    [
      'a callback URL with a fragment',
      { clients: [{ callbackUrls: ['https://app.example.com', 'https://app.example.com/#a'] }] },
      /has "https:\/\/app\.example\.com\/#a"/,
    ],
    [
      'a callback URL that is only a path',
      { clients: [{ callbackUrls: ['/callback'] }] },
      /has "\/callback"/,
    ],
    [
      'a sign-out URL that could end a header',
      { clients: [{ clientId: 'a', logoutUrls: ['https://a.example/\r\nx: y'] }] },
      /"logoutUrls" of app client "a"/,
    ],
    [
      'two app clients of one id',
      { clients: [{ clientId: 'a' }, { clientId: 'a' }] },
      /the id "a"/,
    ],
  ])('refuses %s', async (_, setup, message) => {
    await expect(LocalUserPool.create({ ...setup, keySize: 1024 })).rejects.toThrow(message);
  });
});

describe('pool.options()', () => {
  it('names the pool, all its app clients and its keys', () => {
    expect(pool.options()).toEqual({
      userPoolId: pool.userPoolId,
      clientId: ['web', 'batch', 'brief'],
      issuer: pool.issuer,
      jwks: pool.jwks(),
    });
  });

  it('lets overrides win, and fits the options of the module', () => {
    const forRoot = (options?: ModuleOptions) => options;
    const options = forRoot(pool.options({ clientId: null, tokenUse: 'id' }));
    const several = forRoot(pool.options({ tokenUse: ['id', 'access'] }));
    expect(options).toMatchObject({ issuer: pool.issuer, clientId: null, tokenUse: 'id' });
    expect(several).toMatchObject({ clientId: ['web', 'batch', 'brief'] });
  });
});

describe('pool.jwks()', () => {
  it('publishes two 2048-bit keys in the form of Cognito', () => {
    const { keys } = pool.jwks();
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      expect(Object.keys(key)).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
      expect(key).toMatchObject({ alg: 'RS256', e: 'AQAB', kty: 'RSA', use: 'sig' });
      expect(Buffer.from(key.n, 'base64url')).toHaveLength(256);
    }
    expect(keys[0]?.n).not.toBe(keys[1]?.n);
  });

  it('names keys by 32 bytes in standard base64', () => {
    for (const { kid } of pool.jwks().keys) expect(kid).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });

  it('hands out copies', () => {
    for (const key of pool.jwks().keys) key.kid = 'changed';
    expect(pool.jwks().keys.map(({ kid }) => kid)).not.toContain('changed');
  });

  it('publishes keys of the size that the pool was created with', async () => {
    const small = await LocalUserPool.create({ keySize: 1024 });
    expect(small.jwks().keys.map(({ n }) => Buffer.from(n, 'base64url').length)).toEqual([
      128, 128,
    ]);
  });

  it('differs from pool to pool', async () => {
    const other = await LocalUserPool.create({ users: [{ username: 'alice' }], keySize: 1024 });
    expect(isSignedBy(pool, other.accessToken('alice'))).toBe(false);
  });
});

describe('pool.accessToken()', () => {
  it('has the header of Cognito: kid, alg, and nothing else', () => {
    const [header = ''] = pool.accessToken('alice').split('.');
    const { kid } = accessKeyOf(pool);
    expect(Buffer.from(header, 'base64url').toString()).toBe(`{"kid":"${kid}","alg":"RS256"}`);
  });

  it('is signed by the first of the two keys, an ID token by the second', () => {
    const [accessKey, idKey] = pool.jwks().keys;
    expect(headerOf(pool.accessToken('alice')).kid).toBe(accessKey?.kid);
    expect(headerOf(pool.idToken('alice')).kid).toBe(idKey?.kid);
    expect(isSignedBy(pool, pool.accessToken('alice'))).toBe(true);
    expect(isSignedBy(pool, pool.idToken('alice'))).toBe(true);
  });

  it('is that of a sign-in through the API when no scopes are asked for', () => {
    const claims = payloadOf(pool.accessToken('alice'));
    expect(claims).toEqual({
      sub: 'a1b2',
      'cognito:groups': ['admin', 'Auditor'],
      iss: pool.issuer,
      client_id: 'web',
      origin_jti: expect.stringMatching(UUID),
      event_id: expect.stringMatching(UUID),
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      auth_time: claims.iat,
      exp: Number(claims.iat) + 3600,
      iat: expect.any(Number),
      jti: expect.stringMatching(UUID),
      username: 'alice',
    });
    expect(Math.abs(Number(claims.iat) - Date.now() / 1000)).toBeLessThan(60);
  });

  it('is that of the OAuth endpoints when scopes are asked for', () => {
    const claims = payloadOf(pool.accessToken('alice', { scopes: ['openid', 'orders/read'] }));
    expect(claims).toMatchObject({ version: 2, scope: 'openid orders/read' });
  });

  it('has no scope at all when an empty list is asked for', () => {
    expect(payloadOf(pool.accessToken('alice', { scopes: [] }))).not.toHaveProperty('scope');
  });

  it('has no groups claim for a user without groups', () => {
    expect(payloadOf(pool.accessToken('bob'))).not.toHaveProperty(['cognito:groups']);
  });

  it('has an audience only when one is asked for', () => {
    const audience = 'https://api.example.com';
    expect(payloadOf(pool.accessToken('alice'))).not.toHaveProperty('aud');
    expect(payloadOf(pool.accessToken('alice', { audience })).aud).toBe(audience);
  });

  it('carries the sign-in time and the session that it is given', () => {
    const inSeconds = payloadOf(pool.accessToken('alice', { authTime: 1_700_000_000 }));
    const authTime = new Date(1_700_000_000_999);
    const asDate = payloadOf(pool.accessToken('alice', { authTime, originJti: 'session-1' }));
    expect(inSeconds.auth_time).toBe(1_700_000_000);
    expect(asDate).toMatchObject({ auth_time: 1_700_000_000, origin_jti: 'session-1' });
  });

  it('lives as long as it is asked to, or as its app client says', () => {
    expect(lifetimeOf(pool.accessToken('alice', { expiresIn: 90 }))).toBe(90);
    expect(lifetimeOf(pool.accessToken('alice', { clientId: 'brief' }))).toBe(300);
    expect(lifetimeOf(pool.idToken('alice', { clientId: 'brief' }))).toBe(600);
  });

  it('can have expired, and was issued before it did', () => {
    const { exp, iat } = payloadOf(pool.accessToken('alice', { expiresIn: -5 }));
    expect(Number(exp)).toBeLessThan(Date.now() / 1000);
    expect(Number(exp) - Number(iat)).toBe(3600);
  });

  it('takes claims and header parameters, and drops those that are undefined', () => {
    const token = pool.accessToken('alice', {
      claims: { sub: undefined, 'custom:tenant': 'acme', username: 'other' },
      header: { alg: 'none', kid: undefined, typ: 'JWT' },
    });
    expect(headerOf(token)).toEqual({ alg: 'none', typ: 'JWT' });
    expect(payloadOf(token)).toMatchObject({ 'custom:tenant': 'acme', username: 'other' });
    expect(payloadOf(token)).not.toHaveProperty('sub');
    expect(isSignedBy(pool, token, accessKeyOf(pool))).toBe(true);
  });

  it('is another one every time', () => {
    expect(payloadOf(pool.accessToken('alice')).jti).not.toBe(
      payloadOf(pool.accessToken('alice')).jti,
    );
  });

  it('refuses a user that the pool does not have, and lists those that it has', () => {
    expect(() => pool.accessToken('carol')).toThrow(
      'LocalUserPool: there is no user "carol"; this pool has "alice", "bob". ' +
        'Add the user to "users" of LocalUserPool.create().',
    );
  });

  it('refuses an app client that the pool does not have, and lists those that it has', () => {
    expect(() => pool.accessToken('alice', { clientId: 'app' })).toThrow(
      'LocalUserPool: there is no app client "app"; this pool has "web", "batch", "brief". ' +
        'Add the client to "clients" of LocalUserPool.create().',
    );
  });
});

describe('pool.idToken()', () => {
  it('is that of a sign-in through the API by default', () => {
    const claims = payloadOf(pool.idToken('alice'));
    expect(claims).toEqual({
      sub: 'a1b2',
      'cognito:groups': ['admin', 'Auditor'],
      'cognito:preferred_role': ROLE,
      iss: pool.issuer,
      'cognito:username': 'alice',
      origin_jti: expect.stringMatching(UUID),
      'cognito:roles': [ROLE, `${ROLE}-2`],
      aud: 'web',
      event_id: expect.stringMatching(UUID),
      token_use: 'id',
      auth_time: claims.iat,
      exp: Number(claims.iat) + 3600,
      iat: expect.any(Number),
      jti: expect.stringMatching(UUID),
      phone_number: '+15550100',
      'custom:tenant': 'acme',
      'custom:level': '7',
      name: 'Alice',
      email: 'alice@example.com',
      email_verified: true,
    });
  });

  it('has neither groups, roles nor attributes of a user who has none', () => {
    expect(Object.keys(payloadOf(pool.idToken('bob')))).toEqual([
      'sub',
      'iss',
      'cognito:username',
      'origin_jti',
      'aud',
      'event_id',
      'token_use',
      'auth_time',
      'exp',
      'iat',
      'jti',
    ]);
  });

  it('says false, not "false", of an email address that is not verified', async () => {
    const users = [{ username: 'eve', email: 'eve@example.com', emailVerified: false }];
    const unverified = await LocalUserPool.create({ users, keySize: 1024 });
    expect(payloadOf(unverified.idToken('eve')).email_verified).toBe(false);
  });

  it('is that of the OAuth endpoints with a nonce and the hash of its access token', () => {
    const accessToken = pool.accessToken('alice', { scopes: ['openid'] });
    const claims = payloadOf(pool.idToken('alice', { nonce: 'n-1', accessToken }));
    const hash = createHash('sha256').update(accessToken).digest();
    expect(claims).toMatchObject({
      nonce: 'n-1',
      at_hash: hash.subarray(0, 16).toString('base64url'),
    });
    expect(claims).not.toHaveProperty('event_id');
  });

  const contact = ['email', 'email_verified'];
  const profile = ['phone_number', 'custom:tenant', 'custom:level', 'name', ...contact];

  it.each([
    [['openid'], profile],
    [['openid', 'email', 'profile'], profile],
    [['openid', 'email'], contact],
    [['openid', 'phone'], ['phone_number']],
    [
      ['openid', 'email', 'phone'],
      ['phone_number', ...contact],
    ],
  ])('has the attributes that the scopes %j open, and no scope', (scopes, attributes) => {
    const claims = payloadOf(pool.idToken('alice', { scopes }));
    expect(Object.keys(claims).filter((name) => profile.includes(name))).toEqual(attributes);
    expect(claims).not.toHaveProperty('scope');
  });

  it('takes claims, a header, a client and a lifetime', () => {
    const token = pool.idToken('alice', {
      claims: { email_verified: 'true' },
      header: { typ: 'JWT' },
      clientId: 'batch',
      expiresIn: 10,
    });
    expect(headerOf(token).typ).toBe('JWT');
    expect(payloadOf(token)).toMatchObject({ aud: 'batch', email_verified: 'true' });
    expect(lifetimeOf(token)).toBe(10);
  });
});

describe('pool.clientToken()', () => {
  it('is a machine token of the first client with a secret, with its custom scopes', () => {
    const token = pool.clientToken();
    const claims = payloadOf(token);
    expect(claims).toEqual({
      sub: 'batch',
      token_use: 'access',
      scope: 'orders/write orders/read',
      auth_time: claims.iat,
      iss: pool.issuer,
      exp: Number(claims.iat) + 3600,
      iat: expect.any(Number),
      version: 2,
      jti: expect.stringMatching(UUID),
      client_id: 'batch',
    });
    expect(isSignedBy(pool, token, accessKeyOf(pool))).toBe(true);
  });

  it('takes a client, scopes, claims, a header and a lifetime', () => {
    const token = pool.clientToken({
      clientId: 'web',
      scopes: ['a/b', 'c/d'],
      claims: { version: undefined },
      header: { typ: 'at+jwt' },
      expiresIn: 60,
    });
    expect(headerOf(token).typ).toBe('at+jwt');
    expect(payloadOf(token)).toMatchObject({ client_id: 'web', sub: 'web', scope: 'a/b c/d' });
    expect(payloadOf(token)).not.toHaveProperty('version');
    expect(lifetimeOf(token)).toBe(60);
  });

  it('goes to the first client when none has a secret', async () => {
    const open = await LocalUserPool.create({ keySize: 1024 });
    expect(payloadOf(open.clientToken({ scopes: ['a/b'] })).client_id).toBe(open.clientId);
  });
});

describe('pool.forgedToken()', () => {
  it.each([
    ['access', 'access', { username: 'alice' }],
    ['id', 'id', { 'cognito:username': 'alice' }],
    ['client', 'access', { client_id: 'batch' }],
  ] as const)('looks like a genuine %s token and is signed by nobody', (kind, use, claims) => {
    const token = pool.forgedToken({ kind });
    expect(payloadOf(token)).toMatchObject({ token_use: use, iss: pool.issuer, ...claims });
    expect(isSignedBy(pool, token)).toBe(false);
    expect(pool.jwks().keys.map(({ kid }) => kid)).toContain(headerOf(token).kid);
    expect(Buffer.from(token.split('.')[2] ?? '', 'base64url')).toHaveLength(256);
  });

  it('is an access token of the first user by default, or of the user that is named', () => {
    expect(payloadOf(pool.forgedToken()).username).toBe('alice');
    expect(payloadOf(pool.forgedToken({ username: 'bob' })).username).toBe('bob');
  });

  it('takes a kid, a header, claims and scopes', () => {
    const token = pool.forgedToken({
      kid: 'invented',
      header: { jku: 'https://attacker.example.com' },
      claims: { 'cognito:groups': ['admin'] },
      scopes: ['orders/read'],
      username: 'bob',
    });
    expect(headerOf(token)).toMatchObject({ kid: 'invented', jku: 'https://attacker.example.com' });
    expect(payloadOf(token)).toMatchObject({
      'cognito:groups': ['admin'],
      scope: 'orders/read',
      username: 'bob',
    });
  });

  it('says so when the pool has no user to pretend to be', async () => {
    const empty = await LocalUserPool.create({ keySize: 1024 });
    expect(() => empty.forgedToken()).toThrow(/this pool has no users/);
    expect(payloadOf(empty.forgedToken({ kind: 'client' })).client_id).toBe(empty.clientId);
  });
});

describe('pool.sign()', () => {
  it('signs an object and adds no claims to it', () => {
    const token = pool.sign({ a: 1 }, { header: { typ: 'JWT' } });
    expect(headerOf(token)).toEqual({ kid: accessKeyOf(pool).kid, alg: 'RS256', typ: 'JWT' });
    expect(payloadOf(token)).toEqual({ a: 1 });
    expect(isSignedBy(pool, token)).toBe(true);
  });

  it('signs text and bytes as they are', () => {
    const payload = Buffer.from([0xff, 0xfe]);
    const [head, body] = pool.sign(payload, { header: '{"alg":"RS256","alg":"none"}' }).split('.');
    expect(bytesOf(head).toString()).toBe('{"alg":"RS256","alg":"none"}');
    expect(bytesOf(body)).toEqual(payload);
    expect(isSignedBy(pool, pool.sign('not JSON'))).toBe(true);
  });

  it('takes a header as the whole header when it is raw', () => {
    expect(headerOf(pool.sign({}, { header: { alg: 'HS256' }, raw: true }))).toEqual({
      alg: 'HS256',
    });
    expect(headerOf(pool.sign({}, { raw: true }))).toEqual({});
  });

  it('signs with the key of ID tokens when it is asked to', () => {
    const token = pool.sign({}, { use: 'id' });
    expect(headerOf(token).kid).toBe(pool.jwks().keys[1]?.kid);
    expect(isSignedBy(pool, token)).toBe(true);
  });
});

describe('pool.rotateKeys()', () => {
  it('signs with new keys and keeps the last ones published until the next rotation', async () => {
    const rotating = await LocalUserPool.create({ users: [{ username: 'alice' }], keySize: 1024 });
    const first = rotating.accessToken('alice');
    await rotating.rotateKeys();
    const second = rotating.accessToken('alice');

    expect(headerOf(second).kid).not.toBe(headerOf(first).kid);
    expect(rotating.jwks().keys).toHaveLength(4);
    expect([first, second].map((token) => isSignedBy(rotating, token))).toEqual([true, true]);

    await rotating.rotateKeys();
    expect(rotating.jwks().keys).toHaveLength(4);
    expect([first, second].map((token) => isSignedBy(rotating, token))).toEqual([false, true]);
  });

  it('takes the last keys away when they are not to be kept', async () => {
    const rotating = await LocalUserPool.create({ users: [{ username: 'alice' }], keySize: 1024 });
    const before = rotating.idToken('alice');
    await rotating.rotateKeys({ keep: false });
    expect(rotating.jwks().keys).toHaveLength(2);
    expect(isSignedBy(rotating, before)).toBe(false);
    expect(isSignedBy(rotating, rotating.idToken('alice'))).toBe(true);
  });
});

describe('pool.refreshToken()', () => {
  it('looks like the encrypted tokens of Cognito and reveals nothing', () => {
    const parts = pool.refreshToken('alice').split('.');
    expect(parts).toHaveLength(5);
    expect(bytesOf(parts[0]).toString()).toBe('{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}');
    expect(pool.refreshToken('alice')).not.toBe(pool.refreshToken('alice'));
  });

  it('refuses users and app clients that the pool does not have', () => {
    expect(() => pool.refreshToken('carol')).toThrow(/no user "carol"/);
    expect(() => pool.refreshToken('alice', { clientId: 'app' })).toThrow(/no app client "app"/);
  });
});

function bytesOf(part = ''): Buffer {
  return Buffer.from(part, 'base64url');
}

function headerOf(token: string): Record<string, unknown> {
  return JSON.parse(bytesOf(token.split('.')[0]).toString()) as Record<string, unknown>;
}

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(bytesOf(token.split('.')[1]).toString()) as Record<string, unknown>;
}

function lifetimeOf(token: string): number {
  const { exp, iat } = payloadOf(token);
  return Number(exp) - Number(iat);
}

function accessKeyOf(issuer: LocalUserPool): LocalJwk {
  const [key] = issuer.jwks().keys;
  if (!key) throw new Error('The pool publishes no key.');
  return key;
}

function isSignedBy(
  issuer: LocalUserPool,
  token: string,
  key = issuer.jwks().keys.find(({ kid }) => kid === headerOf(token).kid),
): boolean {
  if (!key) return false;
  const [head, payload, signature] = token.split('.');
  const publicKey = createPublicKey({ key, format: 'jwk' });
  return verify('RSA-SHA256', Buffer.from(`${head}.${payload}`), publicKey, bytesOf(signature));
}
