import { accepted, numbered, refused } from '../attack.js';
import type { Attack, Outcome, Unnumbered } from '../attack.js';
import { USER_POOL_ID } from '../names.js';

const NOT_IN_GROUP = refused('insufficient_group');
const NO_SCOPE = refused('insufficient_scope');
const MALFORMED = refused('malformed_token', 'key');

type Claims = Readonly<Record<string, unknown>>;

function on(route: string, claims: Claims, expect: Outcome): Unnumbered {
  return {
    title: `an access token with ${JSON.stringify(claims)} on ${route}`,
    make: (kit) => kit.token({ 'cognito:groups': undefined, scope: undefined, ...claims }),
    route,
    expect,
  };
}

const MISTYPED_GROUPS: readonly unknown[] = [
  'admin',
  'admin guests',
  '["admin"]',
  '',
  null,
  true,
  1,
  {},
  { 0: 'admin', length: 1 },
  [['admin']],
  [['admin'], 'guests'],
  ['guests', 1],
  ['guests', null],
  [null],
  [true],
  [{ toString: 'admin' }],
];

/** Lists of groups, none of which is `admin`. */
const OTHER_GROUPS: readonly (readonly string[])[] = [
  [],
  [''],
  ['Admin'],
  ['ADMIN'],
  ['admin '],
  [' admin'],
  ['admin\n'],
  ['admin\u0000'],
  ['admin\u200b'],
  ['ａｄｍｉｎ'],
  ['\u0430dmin'],
  ['admi'],
  ['dmin'],
  ['admins'],
  ['administrators'],
  ['not-admin'],
  ['admin,guests'],
  ['admin guests'],
  ['["admin"]'],
  ['*'],
  ['.*'],
  ['adm%69n'],
  ['__proto__', 'constructor', 'toString'],
  [`${USER_POOL_ID}_admin`],
  ['arn:aws:iam::111122223333:role/admin'],
];

/** Where other libraries look for groups. */
const OTHER_CLAIMS = [
  'groups',
  'group',
  'roles',
  'role',
  'cognito:roles',
  'cognito:group',
  'Cognito:Groups',
  'COGNITO:GROUPS',
  'custom:groups',
  'custom:cognito:groups',
  'permissions',
  'authorities',
  'https://example.com/groups',
];

const groups: readonly Unnumbered[] = [
  ...MISTYPED_GROUPS.map((value) => on('/admin', { 'cognito:groups': value }, MALFORMED)),
  ...OTHER_GROUPS.map((value) => on('/admin', { 'cognito:groups': value }, NOT_IN_GROUP)),
  ...OTHER_CLAIMS.map((name) => on('/admin', { [name]: ['admin'] }, NOT_IN_GROUP)),
  on('/admin', { 'cognito:preferred_role': 'admin', username: 'admin' }, NOT_IN_GROUP),
  on('/admin', { scope: 'admin cognito:groups/admin' }, NOT_IN_GROUP),
  on('/admin', { realm_access: { roles: ['admin'] }, isAdmin: true }, NOT_IN_GROUP),
  on('/admin', { cognito: { groups: ['admin'] } }, NOT_IN_GROUP),
  on('/admin', {}, NOT_IN_GROUP),
  on('/any', { 'cognito:groups': 'admin' }, MALFORMED),
  on('/admin', { 'cognito:groups': ['admin'] }, accepted({ groups: ['admin'] })),
  on(
    '/admin',
    { 'cognito:groups': ['a', 'admin', 'a'] },
    accepted({ groups: ['a', 'admin', 'a'] }),
  ),
  on('/constructors', { 'cognito:groups': ['constructor'] }, accepted({ groups: ['constructor'] })),
  on('/any', { 'cognito:groups': [] }, accepted({ groups: [] })),
];

const MISTYPED_SCOPES: readonly unknown[] = [
  ['orders/read'],
  ['openid', 'orders/read'],
  [],
  null,
  true,
  1,
  { 'orders/read': true },
];

/** Scopes that are not `orders/read`, in whatever way one looks at them. */
const OTHER_SCOPES: readonly string[] = [
  '',
  ' ',
  'orders',
  'orders/',
  '/read',
  'read',
  'orders/readonly',
  'orders/read/all',
  'xorders/read',
  'orders/rea',
  'orders/write',
  'Orders/Read',
  'ORDERS/READ',
  'orders/*',
  '*',
  'orders\\read',
  'orders%2Fread',
  'orders.read',
  'orders:read',
  'openid,orders/read',
  'orders/read,openid',
  'orders/read;openid',
  'openid\torders/read',
  'orders/read\topenid',
  'openid\norders/read',
  'orders/read\r\n',
  'openid\u00a0orders/read',
  'openid\u2003orders/read',
  'openid\u3000orders/read',
  'openid\u0000orders/read',
  'orders/read\u200b',
  'openid+orders/read',
  'openid%20orders/read',
  '"orders/read"',
  '["orders/read"]',
  'constructor __proto__',
];

const SAME_SCOPES: readonly string[] = [
  'orders/read',
  'openid orders/read',
  'orders/read openid',
  '  openid   orders/read  ',
  'orders/read orders/read',
];

const scopes: readonly Unnumbered[] = [
  ...MISTYPED_SCOPES.map((scope) => on('/orders', { scope }, MALFORMED)),
  ...OTHER_SCOPES.map((scope) => on('/orders', { scope }, NO_SCOPE)),
  ...SAME_SCOPES.map((scope) => on('/orders', { scope }, accepted({ kind: 'user' }))),
  ...['scp', 'scopes', 'Scope', 'permissions', 'custom:scope'].flatMap((name) => [
    on('/orders', { [name]: 'orders/read' }, NO_SCOPE),
    on('/orders', { [name]: ['orders/read'] }, NO_SCOPE),
  ]),
  on('/orders', { 'cognito:groups': ['orders/read'] }, NO_SCOPE),
  on('/orders', {}, NO_SCOPE),
  {
    title: 'an ID token with the right scope on /orders',
    make: (kit) => kit.idToken({ scope: 'orders/read' }),
    route: '/orders',
    expect: refused('wrong_token_use'),
  },
  {
    title: 'an ID token of an administrator on /admin',
    make: (kit) => kit.pool.idToken('alice'),
    route: '/admin',
    expect: refused('wrong_token_use'),
  },
  {
    title: 'the token of a machine with the right scope on /orders',
    make: (kit) => kit.pool.clientToken({ scopes: ['orders/read'] }),
    route: '/orders',
    expect: accepted({ kind: 'client', scopes: ['orders/read'] }),
  },
  {
    title: 'the token of a machine with the right scope on /admin',
    make: (kit) => kit.pool.clientToken({ scopes: ['orders/read', 'admin'] }),
    route: '/admin',
    expect: NOT_IN_GROUP,
  },
];

export const groupsAndScopes: readonly Attack[] = numbered('access', [...groups, ...scopes]);
