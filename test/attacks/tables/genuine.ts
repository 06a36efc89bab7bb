import { accepted, refused } from '../attack.js';
import type { Attack, Outcome } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { BATCH, USER_POOL_ID } from '../names.js';

// What must come in: a suite that only asks for refusals is content with a closed door.

const GENUINE: Record<string, readonly [make: Attack['make'], route: string, expect: Outcome]> = {
  'the access token of an administrator': [
    ({ pool }) => pool.accessToken('alice'),
    '/admin',
    accepted({ kind: 'user', username: 'alice', groups: ['admin'], tokenUse: 'access' }),
  ],
  'the access token of a user without groups': [
    ({ pool }) => pool.accessToken('nobody'),
    '/any',
    accepted({ username: 'nobody', groups: [], scopes: ['aws.cognito.signin.user.admin'] }),
  ],
  'the access token of a user with scopes': [
    ({ pool }) => pool.accessToken('mallory', { scopes: ['openid', 'orders/read'] }),
    '/orders',
    accepted({ username: 'mallory', scopes: ['openid', 'orders/read'] }),
  ],
  'the access token of a user, for users': [
    ({ pool }) => pool.accessToken('mallory'),
    '/people',
    accepted({ kind: 'user' }),
  ],
  'an ID token': [
    ({ pool }) => pool.idToken('alice'),
    '/profile',
    accepted({ username: 'alice', tokenUse: 'id', email: 'alice@example.com', groups: ['admin'] }),
  ],
  'the token of a machine': [
    ({ pool }) => pool.clientToken({ scopes: ['orders/read'] }),
    '/machines',
    accepted({ kind: 'client', clientId: BATCH, groups: [] }),
  ],
  'the token of a machine without sub': [
    ({ pool }) => pool.clientToken({ claims: { sub: undefined } }),
    '/machines',
    accepted({ kind: 'client' }),
  ],
  'the token of a machine without scope': [
    ({ pool }) => pool.clientToken({ scopes: [] }),
    '/any',
    accepted({ kind: 'client', scopes: [] }),
  ],
  'a token with typ at+jwt': [
    (kit) => kit.token({}, { typ: 'at+jwt' }),
    '/any',
    accepted({ username: 'mallory' }),
  ],
  'a token with every claim that AWS documents': [
    (kit) => kit.token(documentedClaims()),
    '/any',
    accepted({ username: 'mallory', deviceKey: 'eu-west-1_c46b50fe-1f2e-4c55-b9a4-0a1b2c3d4e5f' }),
  ],
  'a token with claims that a trigger added': [
    (kit) => kit.token({ tenant: { id: 7, plans: ['a', { b: null }] }, flag: false, ratio: 1.5 }),
    '/any',
    accepted({ claims: { tenant: { id: 7, plans: ['a', { b: null }] }, flag: false, ratio: 1.5 } }),
  ],
  'a token with custom attributes': [
    (kit) => kit.token({ 'custom:tenant': 'acme', 'custom:level': 7 }),
    '/any',
    accepted({ customAttributes: { tenant: 'acme' }, claims: { 'custom:level': 7 } }),
  ],
  'a token whose username is not Latin': [
    (kit) => kit.token({ username: 'Zoë 李 🙂' }),
    '/any',
    accepted({ username: 'Zoë 李 🙂' }),
  ],
  'a token whose username is that of a prototype': [
    (kit) => kit.token({ username: '__proto__' }),
    '/any',
    accepted({ username: '__proto__' }),
  ],
  'a token whose sub is no UUID': [
    (kit) => kit.token({ sub: 'b4d8e428' }),
    '/any',
    accepted({ sub: 'b4d8e428' }),
  ],
  'a token of a federated user in an automatic group': [
    (kit) => kit.token({ username: 'Google_1059', 'cognito:groups': [`${USER_POOL_ID}_Google`] }),
    '/any',
    accepted({ username: 'Google_1059', groups: [`${USER_POOL_ID}_Google`] }),
  ],
  'a token on an optional route': [
    (kit) => kit.token(),
    '/optional',
    accepted({ username: 'mallory' }),
  ],
  'an ID token with the address as an object': [
    (kit) => kit.idToken({ address: { formatted: 'Somewhere 1' }, email_verified: 'true' }),
    '/profile',
    accepted({ username: 'mallory', claims: { email_verified: 'true' } }),
  ],
};

export const genuine: readonly Attack[] = [
  ...Object.entries(GENUINE).map(([title, [make, route, expect]], index): Attack => ({
    id: `genuine-${index}`,
    title,
    make,
    route,
    expect,
  })),
  {
    id: 'genuine-id-where-accepted',
    title: 'an ID token, where the user pool accepts both kinds',
    make: (kit: AttackKit) => kit.idToken(),
    options: { tokenUse: ['access', 'id'] },
    expect: accepted({ tokenUse: 'id' }),
  },
  {
    id: 'genuine-uncached',
    title: 'a genuine token, where verified tokens are not remembered',
    make: (kit: AttackKit) => kit.token(),
    options: { tokenCache: false },
    expect: accepted({ username: 'mallory' }),
  },
  {
    id: 'genuine-forged-beside',
    title: 'a forged token, where verified tokens are not remembered',
    make: (kit: AttackKit) => kit.pool.forgedToken(),
    options: { tokenCache: false },
    expect: refused('invalid_signature'),
  },
];

function documentedClaims() {
  return {
    acr: 'urn:cognito:loa:4',
    amr: ['pwd', 'otp', 'mfa'],
    aud: 'https://api.example.com',
    auth_time: 1_700_000_000,
    device_key: 'eu-west-1_c46b50fe-1f2e-4c55-b9a4-0a1b2c3d4e5f',
    event_id: '64f513be-32db-42b0-b78e-b02127b4f463',
    nbf: 1_700_000_000,
    version: 2,
  };
}
