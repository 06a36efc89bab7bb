import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoClaims } from './claims.js';
import { principalOf } from './principal.js';

const POOL = { name: 'staff', userPoolId: 'eu-west-1_AbCdEf123' };

const ACCESS: CognitoClaims = {
  sub: 'a1b2',
  'cognito:groups': ['admin', 'Auditor'],
  iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123',
  client_id: 'web',
  origin_jti: 'o1',
  device_key: 'eu-west-1_d1',
  token_use: 'access',
  scope: 'openid orders/read',
  auth_time: 1_700_000_000,
  iat: 1_700_000_100,
  exp: 1_700_003_700,
  jti: 'j1',
  username: 'Alice',
};

const ID: CognitoClaims = {
  sub: 'a1b2',
  iss: ACCESS.iss,
  'cognito:username': 'Alice',
  aud: 'web',
  token_use: 'id',
  iat: 1_700_000_100,
  exp: 1_700_003_700,
  email: 'alice@example.com',
  email_verified: true,
  name: 'Alice A.',
  'custom:tenant': 'acme',
};

const MACHINE: CognitoClaims = {
  iss: ACCESS.iss,
  token_use: 'access',
  client_id: 'batch',
  scope: 'orders/write',
  exp: 1_700_003_700,
};

/** Claims as they come out of a token. */
function parsed(json: string): CognitoClaims {
  return JSON.parse(json) as CognitoClaims;
}

describe('principalOf()', () => {
  it('makes a user of an access token with a username', () => {
    const principal = principalOf(ACCESS, POOL);
    expect({ ...principal }).toEqual({
      kind: 'user',
      sub: 'a1b2',
      username: 'Alice',
      groups: ['admin', 'Auditor'],
      scopes: ['openid', 'orders/read'],
      clientId: 'web',
      userPoolId: 'eu-west-1_AbCdEf123',
      userPool: 'staff',
      tokenUse: 'access',
      issuedAt: new Date('2023-11-14T22:15:00Z'),
      expiresAt: new Date('2023-11-14T23:15:00Z'),
      authTime: new Date('2023-11-14T22:13:20Z'),
      jti: 'j1',
      originJti: 'o1',
      deviceKey: 'eu-west-1_d1',
      customAttributes: {},
      claims: ACCESS,
    });
  });

  it('makes a user of an ID token', () => {
    expect(principalOf(ID, POOL)).toMatchObject({
      kind: 'user',
      username: 'Alice',
      clientId: 'web',
      tokenUse: 'id',
      email: 'alice@example.com',
      emailVerified: true,
      name: 'Alice A.',
      customAttributes: { tenant: 'acme' },
      groups: [],
      scopes: [],
    });
  });

  it('makes a machine of an access token without a username', () => {
    expect({ ...principalOf(MACHINE, POOL) }).toEqual({
      kind: 'client',
      clientId: 'batch',
      userPoolId: 'eu-west-1_AbCdEf123',
      userPool: 'staff',
      tokenUse: 'access',
      groups: [],
      scopes: ['orders/write'],
      issuedAt: new Date(0),
      expiresAt: new Date('2023-11-14T23:15:00Z'),
      customAttributes: {},
      claims: MACHINE,
    });
  });

  it('makes a user of a user, however many scopes it has', () => {
    expect(principalOf({ ...ACCESS, scope: 'a/b c/d' }, POOL).kind).toBe('user');
  });

  it('takes the username from the claim of its kind of token only', () => {
    const claims = { ...MACHINE, 'cognito:username': 'mallory' };
    expect(principalOf(claims, POOL)).toMatchObject({ kind: 'client' });
    expect(principalOf(claims, POOL)).not.toHaveProperty('username');
    expect(principalOf({ ...ID, username: 'mallory' }, POOL)).toMatchObject({ username: 'Alice' });
  });

  it.each([
    ['', []],
    [' a  b ', ['a', 'b']],
    ['a\tb\nc', ['a\tb\nc']],
    ['https://api.example.com/read', ['https://api.example.com/read']],
  ])('splits the scope %j at spaces only', (scope, scopes) => {
    expect(principalOf({ ...ACCESS, scope }, POOL).scopes).toEqual(scopes);
  });

  it('never coerces a profile claim of another type', () => {
    const principal = principalOf({ ...ID, email: 7, email_verified: 'true', name: ['A'] }, POOL);
    for (const name of ['email', 'emailVerified', 'name']) {
      expect(principal).not.toHaveProperty(name);
    }
    expect(principal.claims.email_verified).toBe('true');
  });

  it('counts only custom claims that are strings as custom attributes', () => {
    const claims = { ...ID, 'custom:level': 7, 'custom:': 'x', custom: 'y', 'Custom:z': 'z' };
    expect(principalOf(claims, POOL).customAttributes).toEqual({ tenant: 'acme', '': 'x' });
  });

  it('leaves out what is empty in no other way than by not being there', () => {
    const names = Object.keys(principalOf(MACHINE, POOL));
    for (const name of ['sub', 'username', 'authTime', 'jti', 'originJti', 'deviceKey', 'email']) {
      expect(names).not.toContain(name);
    }
  });

  it('reads no claim that the payload only inherits', () => {
    const claims = parsed(`{
      "__proto__": { "username": "root", "sub": "root", "email": "root", "cognito:groups": ["root"],
        "auth_time": 1, "scope": "root", "jti": "root", "iat": 1 },
      "token_use": "access", "client_id": "web", "exp": 1700003700
    }`);
    const principal = principalOf(claims, POOL);
    expect(principal).toMatchObject({ kind: 'client', groups: [], scopes: [] });
    expect(principal.issuedAt).toEqual(new Date(0));
    for (const name of ['sub', 'email', 'authTime', 'jti']) {
      expect(principal).not.toHaveProperty(name);
    }
  });

  it('keeps custom:__proto__ a plain attribute', () => {
    const claims = parsed(
      '{"token_use":"access","client_id":"web","exp":1,"custom:__proto__":"root"}',
    );
    const { customAttributes } = principalOf(claims, POOL);
    expect(Object.entries(customAttributes)).toEqual([['__proto__', 'root']]);
    expect(Object.getPrototypeOf(customAttributes)).toBe(Object.prototype);
  });
});

describe('A principal', () => {
  it('cannot be changed, however deep', () => {
    const claims = { ...ACCESS, tenant: { roles: [{ name: 'reader' }] }, empty: [] };
    const principal = principalOf(claims, POOL);
    const { tenant, empty } = principal.claims as unknown as typeof claims;
    expect(() => Object.assign(principal, { kind: 'client' })).toThrow(TypeError);
    expect(() => Object.assign(principal, { admin: true })).toThrow(TypeError);
    expect(() => (principal.groups as string[]).push('root')).toThrow(TypeError);
    expect(() => (principal.scopes as string[]).push('root')).toThrow(TypeError);
    expect(() => Object.assign(principal.customAttributes, { tenant: 'x' })).toThrow(TypeError);
    expect(() => Object.assign(principal.claims, { sub: 'root' })).toThrow(TypeError);
    expect(() => Object.assign(tenant.roles[0] ?? {}, { name: 'writer' })).toThrow(TypeError);
    expect(() => (empty as unknown[]).push('root')).toThrow(TypeError);
  });

  it('gives every reader dates of its own', () => {
    const principal = principalOf(ACCESS, POOL);
    principal.expiresAt.setFullYear(2999);
    principal.issuedAt.setTime(0);
    principal.authTime?.setTime(0);
    expect(principal.expiresAt).toEqual(new Date('2023-11-14T23:15:00Z'));
    expect(principal.issuedAt).toEqual(new Date('2023-11-14T22:15:00Z'));
    expect(principal.authTime).toEqual(new Date('2023-11-14T22:13:20Z'));
  });

  it('shows its dates as JSON and in a copy', () => {
    const principal = principalOf(ACCESS, POOL);
    expect(JSON.parse(JSON.stringify(principal))).toMatchObject({
      username: 'Alice',
      expiresAt: '2023-11-14T23:15:00.000Z',
    });
    expect({ ...principal }.expiresAt).toEqual(new Date('2023-11-14T23:15:00Z'));
  });

  it('has scopes of its own token, however many were read before', () => {
    const scopes = Array.from({ length: 140 }, (_, index) => `orders/${index} email`);
    for (const scope of [...scopes, ...scopes.toReversed(), ...scopes]) {
      const principal = principalOf({ ...ACCESS, scope }, POOL);
      expect(principal.scopes).toEqual(scope.split(' '));
      expect(principal.scopes).toSatisfy(Object.isFrozen);
    }
  });

  it('has claims of at most 32 levels', () => {
    const nested = (levels: number) => parsed(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    // The payload itself is the first level.
    expect(principalOf({ ...MACHINE, ...nested(31) }, POOL).kind).toBe('client');
    for (const levels of [32, 5_000]) {
      const attempt = () => principalOf({ ...MACHINE, ...nested(levels) }, POOL);
      expect(attempt).toThrow(CognitoAuthError);
      expect(attempt).toThrow('The claims of the token are nested more than 32 levels deep');
    }
  });
});
