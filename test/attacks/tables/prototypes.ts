import { accepted, numbered, refused } from '../attack.js';
import type { Attack, Outcome } from '../attack.js';
import { ISSUER, MARKER, WEB } from '../names.js';

// Only a token's own members count; what a name means to JavaScript must not matter.

type Untitled = Omit<Attack, 'id' | 'title'>;

/** A token that has these members only by way of a member `__proto__`. */
function inherited(
  members: object,
  expect: Outcome | readonly Outcome[],
  route?: string,
  wrap = (json: string) => `"__proto__":${json}`,
): Untitled {
  const removed = Object.fromEntries(Object.keys(members).map((name) => [name, undefined]));
  return {
    route,
    make: (kit) => kit.sign(kit.claimsText({ first: wrap(JSON.stringify(members)) }, removed)),
    expect,
  };
}

const inConstructor = (json: string) => `"constructor":{"prototype":${json}}`;
const GROUPS = { 'cognito:groups': ['admin'] };

const INHERITED: Record<string, Untitled> = {
  'groups only in its __proto__': inherited(GROUPS, refused('insufficient_group'), '/admin'),
  'groups only in its constructor.prototype': inherited(
    GROUPS,
    refused('insufficient_group'),
    '/admin',
    inConstructor,
  ),
  'scopes only in its __proto__': inherited(
    { scope: 'orders/read' },
    refused('insufficient_scope'),
    '/orders',
  ),
  'exp only in its __proto__': inherited({ exp: 4_102_444_800 }, refused('malformed_token', 'key')),
  'iss only in its __proto__': inherited({ iss: ISSUER }, refused('wrong_issuer')),
  'token_use only in its __proto__': inherited({ token_use: 'access' }, [
    refused('wrong_token_use'),
    refused('malformed_token', 'key'),
  ]),
  'client_id only in its __proto__': inherited({ client_id: WEB }, refused('wrong_client')),
  'sub only in its __proto__': inherited({ sub: 'alice' }, refused('malformed_token', 'key')),
  'username only in its __proto__': inherited(
    { username: 'alice' },
    refused('wrong_principal'),
    '/people',
  ),
  'new members of __proto__': inherited({ polluted: MARKER, admin: true }, accepted()),
  'new members of constructor.prototype': inherited(
    { polluted: MARKER, admin: true },
    accepted(),
    undefined,
    inConstructor,
  ),
};

const inheritance = numbered(
  'inherited',
  Object.entries(INHERITED).map(([name, attack]) =>
    Object.assign({ title: `a token with ${name}` }, attack),
  ),
);

/** Claims with names that mean something to JavaScript. */
const NAMES: Record<string, string> = {
  'toString, valueOf and hasOwnProperty': '"toString":"x","valueOf":1,"hasOwnProperty":null',
  'then, as a promise has': '"then":"x"',
  toJSON: '"toJSON":"x"',
  '__proto__, which is null': '"__proto__":null',
  '__proto__, which is a text': '"__proto__":"admin"',
  'custom:__proto__ and custom:constructor': `"custom:__proto__":"${MARKER}","custom:constructor":"x"`,
  'length and 0, as an array has': '"length":1,"0":"admin"',
  'the empty name': '"":"x"',
  '__defineGetter__ and __lookupGetter__': '"__defineGetter__":1,"__lookupGetter__":1',
};

const names: Attack[] = Object.entries(NAMES).map(([name, text], index) => ({
  id: `name-${index}`,
  title: `a genuine token with the claims ${name}`,
  make: (kit) => kit.sign(kit.claimsText({ last: text })),
  expect: accepted({ kind: 'user', username: 'mallory', groups: ['guests'] }),
}));

const inGroups: Attack[] = [
  {
    id: 'group-names-inherited',
    title: 'a token without groups, on a route for the groups constructor, __proto__ and toString',
    make: (kit) => kit.token({ 'cognito:groups': undefined }),
    route: '/constructors',
    expect: refused('insufficient_group'),
  },
  {
    id: 'group-names-object',
    title: 'groups that are an object with the member admin',
    make: (kit) => kit.token({ 'cognito:groups': { admin: true, length: 1, 0: 'admin' } }),
    route: '/admin',
    expect: refused('malformed_token', 'key'),
  },
];

export const prototypes: readonly Attack[] = [...inheritance, ...names, ...inGroups];
