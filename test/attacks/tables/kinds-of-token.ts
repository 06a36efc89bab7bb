import { accepted, numbered, refused } from '../attack.js';
import type { Attack, Outcome, Unnumbered } from '../attack.js';
import { BATCH, RESOURCE, STRANGER, WEB } from '../names.js';

// RFC 8725 §2.8, §3.12: a token of one kind, or for one client, must not pass for another.

type Claims = Readonly<Record<string, unknown>>;

const WRONG_USE = refused('wrong_token_use');
const WRONG_CLIENT = refused('wrong_client');
const WRONG_AUDIENCE = refused('wrong_audience');
const MALFORMED = refused('malformed_token', 'key');

function access(
  title: string,
  claims: Claims,
  expect: Outcome | readonly Outcome[],
  more: Partial<Attack> = {},
): Unnumbered {
  return { title: `an access token ${title}`, make: (kit) => kit.token(claims), expect, ...more };
}

function id(
  title: string,
  claims: Claims,
  expect: Outcome | readonly Outcome[],
  more: Partial<Attack> = {},
): Unnumbered {
  return {
    title: `an ID token ${title}`,
    make: (kit) => kit.idToken(claims),
    route: '/profile',
    expect,
    ...more,
  };
}

const TOKEN_USES = [
  'ACCESS',
  'Access',
  ' access',
  'access ',
  'refresh',
  'access id',
  '',
  '__proto__',
];

const tokenUses: readonly Unnumbered[] = [
  id('where access tokens are accepted', {}, WRONG_USE, { route: '/any' }),
  access('where ID tokens are accepted', {}, WRONG_USE, { route: '/profile' }),
  access('without token_use', { token_use: undefined }, [WRONG_USE, MALFORMED]),
  access('whose token_use is null', { token_use: null }, [WRONG_USE, MALFORMED]),
  access('whose token_use is a list', { token_use: ['access'] }, [WRONG_USE, MALFORMED]),
  access('whose token_use is an object', { token_use: { access: 1 } }, [WRONG_USE, MALFORMED]),
  ...TOKEN_USES.map((use) =>
    access(`whose token_use is ${JSON.stringify(use)}`, { token_use: use }, WRONG_USE),
  ),
  id('that calls itself an access token', { token_use: 'access' }, WRONG_CLIENT, { route: '/any' }),
  access('that calls itself an ID token', { token_use: 'id' }, WRONG_CLIENT, { route: '/profile' }),
  id(
    'that calls itself an access token and names its client twice',
    { token_use: 'access', client_id: WEB, username: undefined },
    // With every claim of a machine's access token under a genuine signature it is one.
    accepted({ kind: 'client', clientId: WEB, groups: ['guests'] }),
    { route: '/any' },
  ),
];

const CLIENTS: readonly [string, unknown][] = [
  ['another app client', STRANGER],
  ['no app client', undefined],
  ['the app client null', null],
  ['an empty app client', ''],
  ['a list with the app client', [WEB]],
  ['a list of all app clients', [WEB, BATCH]],
  ['an object for the app client', { toString: WEB }],
  ['a number for the app client', 1],
  ['the app client in capitals', WEB.toUpperCase()],
  ['the beginning of the app client', WEB.slice(0, -1)],
  ['more than the app client', `${WEB}x`],
  ['a space behind the app client', `${WEB} `],
  ['both app clients in one text', `${WEB},${BATCH}`],
  ['the app client __proto__', '__proto__'],
];

const clients: readonly Unnumbered[] = [
  ...CLIENTS.map(([name, client]) =>
    access(`with ${name}`, { client_id: client }, [WRONG_CLIENT, MALFORMED]),
  ),
  ...CLIENTS.map(([name, client]) =>
    id(`with ${name}`, { aud: client }, [WRONG_CLIENT, MALFORMED]),
  ),
  access('with its app client in aud only', { client_id: undefined, aud: WEB }, WRONG_CLIENT),
  access('with the right app client in aud only', { client_id: STRANGER, aud: WEB }, WRONG_CLIENT),
  access('with the right app client in azp only', { client_id: STRANGER, azp: WEB }, WRONG_CLIENT),
  id('with its app client in client_id only', { aud: undefined, client_id: WEB }, WRONG_CLIENT),
  id(
    'with the right app client in client_id only',
    { aud: STRANGER, client_id: WEB },
    WRONG_CLIENT,
  ),
  access('of the second app client', { client_id: BATCH }, accepted({ clientId: BATCH })),
  access(
    'of another app client, where every one is accepted',
    { client_id: STRANGER },
    accepted({ clientId: STRANGER }),
    { options: { clientId: null } },
  ),
  access(
    'without an app client, where every one is accepted',
    { client_id: undefined },
    WRONG_CLIENT,
    { options: { clientId: null } },
  ),
  access(
    'with a list of app clients, where every one is accepted',
    { client_id: [WEB] },
    [WRONG_CLIENT, MALFORMED],
    { options: { clientId: null } },
  ),
];

const BOUND = { options: { audience: RESOURCE } };

const audiences: readonly Unnumbered[] = [
  access('with an aud that nobody asks for', { aud: RESOURCE }, accepted()),
  access('whose aud is its app client', { aud: WEB }, accepted()),
  access('whose aud is a list', { aud: [RESOURCE] }, [WRONG_AUDIENCE, MALFORMED]),
  access('whose aud is null', { aud: null }, [WRONG_AUDIENCE, MALFORMED]),
  access('for the resource that is asked for', { aud: RESOURCE }, accepted(), BOUND),
  access('without the aud that is asked for', {}, WRONG_AUDIENCE, BOUND),
  access('for another resource', { aud: 'https://other.example' }, WRONG_AUDIENCE, BOUND),
  access('for a path of the resource', { aud: `${RESOURCE}/1` }, WRONG_AUDIENCE, BOUND),
  access('for the resource with a slash', { aud: `${RESOURCE}/` }, WRONG_AUDIENCE, BOUND),
  access('whose aud is its app client, not the resource', { aud: WEB }, WRONG_AUDIENCE, BOUND),
  access('with a list of resources', { aud: [RESOURCE] }, [WRONG_AUDIENCE, MALFORMED], BOUND),
  access('with no resource in a list', { aud: [] }, [WRONG_AUDIENCE, MALFORMED], BOUND),
  access('with the resource in another claim', { resource: RESOURCE }, WRONG_AUDIENCE, BOUND),
  id('where access tokens are bound to a resource', {}, accepted({ clientId: WEB }), BOUND),
  id('with a resource for its aud', { aud: RESOURCE }, WRONG_CLIENT, BOUND),
];

const NAMES: readonly [string, unknown][] = [
  ['null', null],
  ['empty', ''],
  ['a list', ['mallory']],
  ['an empty list', []],
  ['a number', 7],
  ['false', false],
  ['an object', { toString: 'mallory' }],
];

const subjects: readonly Unnumbered[] = [
  access('without sub', { sub: undefined }, MALFORMED),
  id('without sub', { sub: undefined }, MALFORMED),
  id('without username', { 'cognito:username': undefined }, MALFORMED),
  id(
    'with username instead of cognito:username',
    {
      'cognito:username': undefined,
      username: 'mallory',
    },
    MALFORMED,
  ),
  ...NAMES.flatMap(([name, value]) => [
    access(`whose sub is ${name}`, { sub: value }, MALFORMED),
    access(`whose username is ${name}`, { username: value }, MALFORMED),
    access(`whose username is ${name}, for machines`, { username: value }, MALFORMED, {
      route: '/machines',
    }),
    id(`whose sub is ${name}`, { sub: value }, MALFORMED),
    id(`whose username is ${name}`, { 'cognito:username': value }, MALFORMED),
  ]),
  access('of a user, for machines', {}, refused('wrong_principal'), { route: '/machines' }),
  access(
    'of a user with many scopes, for machines',
    { scope: 'orders/read orders/write' },
    refused('wrong_principal'),
    { route: '/machines' },
  ),
  access(
    'of a machine that carries the username of an ID token, for users',
    { username: undefined, 'cognito:username': 'alice' },
    refused('wrong_principal'),
    { route: '/people' },
  ),
  {
    title: 'the token of a machine, for users',
    make: (kit) => kit.pool.clientToken(),
    route: '/people',
    expect: refused('wrong_principal'),
  },
  {
    title: 'the token of a machine of another app client',
    make: (kit) => kit.pool.clientToken({ clientId: STRANGER }),
    expect: WRONG_CLIENT,
  },
  {
    title: 'the token of a machine, where ID tokens are accepted',
    make: (kit) => kit.pool.clientToken(),
    route: '/profile',
    expect: WRONG_USE,
  },
];

const IDENTIFIERS = ['jti', 'origin_jti', 'device_key'];

const identifiers: readonly Unnumbered[] = IDENTIFIERS.flatMap((name) =>
  [null, 1, ['a'], {}].map((value) =>
    access(`whose ${name} is ${JSON.stringify(value)}`, { [name]: value }, MALFORMED),
  ),
);

export const kindsOfToken: readonly Attack[] = numbered('kind', [
  ...tokenUses,
  ...clients,
  ...audiences,
  ...subjects,
  ...identifiers,
]);
