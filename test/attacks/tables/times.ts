import { accepted, numbered, refused } from '../attack.js';
import type { Attack, Outcome, Unnumbered } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';

// The clock stands still while these run, so that an edge is an edge.

/** A claim, `exp` above all, as seconds from now. */
type Offsets = Readonly<Record<string, number>>;

function at(
  title: string,
  offsets: Offsets,
  expect: Outcome | readonly Outcome[],
  clockTolerance?: number,
): Unnumbered {
  const withTolerance =
    clockTolerance === undefined ? '' : `, with a tolerance of ${clockTolerance} s`;
  return {
    title: `a token ${title}${withTolerance}`,
    make: (kit) => kit.token(timesFromNow(offsets)),
    expect,
    options: clockTolerance === undefined ? undefined : { clockTolerance },
  };
}

const EXPIRED = refused('token_expired');
const NOT_ACTIVE = refused('token_not_active');
const ACCEPTED = accepted({ username: 'mallory' });

const edges: readonly Unnumbered[] = [
  at('that expires in one second', { exp: 1 }, ACCEPTED),
  at('that expires now', { exp: 0 }, EXPIRED),
  at('that expired one second ago', { exp: -1 }, EXPIRED),
  at('that expired a year ago', { exp: -31_536_000 }, EXPIRED),
  at('that expires in half a second', { exp: 0.5 }, ACCEPTED),
  at('that expired half a second ago', { exp: -0.5 }, EXPIRED),
  at('that expires in a thousand years', { exp: 31_536_000_000 }, ACCEPTED),
  at('that expired now', { exp: 0 }, ACCEPTED, 5),
  at('that expired 4 s ago', { exp: -4 }, ACCEPTED, 5),
  at('that expired 4.5 s ago', { exp: -4.5 }, ACCEPTED, 5),
  at('that expired 5 s ago', { exp: -5 }, EXPIRED, 5),
  at('that expired 6 s ago', { exp: -6 }, EXPIRED, 5),
  at('that expired 0.4 s ago', { exp: -0.4 }, ACCEPTED, 0.5),
  at('that expired 0.5 s ago', { exp: -0.5 }, EXPIRED, 0.5),
  at('that expired 59 s ago', { exp: -59 }, ACCEPTED, 60),
  at('that expired 60 s ago', { exp: -60 }, EXPIRED, 60),
  at('that expired 1 s ago', { exp: -1 }, EXPIRED, 0),
  at('that is active from now on', { nbf: 0 }, ACCEPTED),
  at('that is active since a second', { nbf: -1 }, ACCEPTED),
  at('that is active in one second', { nbf: 1 }, NOT_ACTIVE),
  at('that is active in half a second', { nbf: 0.5 }, NOT_ACTIVE),
  at('that is active in a year', { nbf: 31_536_000 }, NOT_ACTIVE),
  at('that is active in 5 s', { nbf: 5 }, ACCEPTED, 5),
  at('that is active in 6 s', { nbf: 6 }, NOT_ACTIVE, 5),
  at('that was active before it expired', { nbf: -20, exp: -10 }, EXPIRED),
  at('that was issued now', { iat: 0 }, ACCEPTED),
  at('that was issued 60 s ahead', { iat: 60 }, ACCEPTED),
  at('that was issued 61 s ahead', { iat: 61 }, NOT_ACTIVE),
  at('that was issued 61 s ahead', { iat: 61 }, NOT_ACTIVE, 60),
  at('that was issued a year ahead', { iat: 31_536_000, exp: 63_072_000 }, NOT_ACTIVE),
  at('that was issued after it expires', { iat: 30, exp: 20 }, [
    ACCEPTED,
    refused('malformed_token', 'key'),
  ]),
];

/** Values of a time claim as JSON text, and the right answers. */
const MISTYPED = [
  '"4102444800"',
  '"soon"',
  '"NaN"',
  '""',
  'null',
  'true',
  'false',
  '[4102444800]',
  '{}',
  '{"valueOf":1}',
];
const INFINITE = ['1e999', '-1e999'];

/** A value that no date can hold, but that is a finite number. */
const HUGE = ['1e300', '8640000000001', '9007199254740993'];

const IN_THE_PAST = ['0', '-0', '-1', '-1e300', '1e-300', '1', '1700000000', '1.7e9'];

const values: readonly Unnumbered[] = [
  ...MISTYPED.flatMap((value) =>
    ['exp', 'nbf', 'iat', 'auth_time'].map((name) =>
      written(name, value, refused('malformed_token', 'key')),
    ),
  ),
  ...INFINITE.flatMap((value) =>
    ['exp', 'nbf', 'iat'].map((name) =>
      written(name, value, [
        refused('malformed_token', 'key'),
        refused(name === 'exp' ? 'token_expired' : 'token_not_active'),
      ]),
    ),
  ),
  ...HUGE.map((value) => written('exp', value, [accepted(), refused('malformed_token', 'key')])),
  ...HUGE.map((value) => written('nbf', value, [NOT_ACTIVE, refused('malformed_token', 'key')])),
  ...HUGE.map((value) => written('iat', value, [NOT_ACTIVE, refused('malformed_token', 'key')])),
  ...IN_THE_PAST.map((value) =>
    written('exp', value, [EXPIRED, refused('malformed_token', 'key')]),
  ),
  written('exp', 'NaN', refused('malformed_token')),
  written('exp', 'Infinity', refused('malformed_token')),
  written('exp', '0x7fffffff', refused('malformed_token')),
];

const missing: readonly Unnumbered[] = [
  without('exp', refused('malformed_token', 'key')),
  without('iat', ACCEPTED),
  without('nbf', ACCEPTED),
  without('auth_time', ACCEPTED),
  {
    title: 'a token without exp, with a tolerance of 60 s',
    make: (kit) => kit.token({ exp: undefined }),
    options: { clockTolerance: 60 },
    expect: refused('malformed_token', 'key'),
  },
  {
    title: 'a token with exp only in its header',
    make: (kit) => kit.token({ exp: undefined }, { exp: 4_102_444_800 }),
    expect: refused('malformed_token', 'key'),
  },
  {
    title: 'a token with EXP instead of exp',
    make: (kit) => kit.token({ exp: undefined, EXP: 4_102_444_800, expires_at: 4_102_444_800 }),
    expect: refused('malformed_token', 'key'),
  },
  {
    title: 'an expired ID token',
    make: (kit) => kit.idToken(timesFromNow({ exp: -1 })),
    route: '/profile',
    expect: EXPIRED,
  },
  {
    title: 'an expired token of a machine',
    make: (kit) => kit.pool.clientToken({ claims: timesFromNow({ exp: -1 }) }),
    expect: EXPIRED,
  },
  {
    title: 'an expired token with a forged signature, about which nothing more is said',
    make: (kit) => kit.pool.forgedToken({ claims: timesFromNow({ exp: -1 }) }),
    expect: refused('invalid_signature'),
  },
];

export const times: readonly Attack[] = numbered('time', [...edges, ...values, ...missing]);

/** For a clock that stands 0.9 s after a whole second. */
export const timesBetweenSeconds: readonly Attack[] = numbered('time-between', [
  at('that expired at the last whole second', { exp: -0.9 }, EXPIRED),
  at('that expired since the last whole second', { exp: -0.4 }, EXPIRED),
  at('that expired within the tolerance, but for a moment', { exp: -2.4 }, EXPIRED, 2),
  at('that expires before the next whole second', { exp: 0.05 }, ACCEPTED),
  at('that expires at the next whole second', { exp: 0.1 }, ACCEPTED),
  at('that is active since the last whole second', { nbf: -0.9 }, ACCEPTED),
  at('that is active from the next whole second on', { nbf: 0.1 }, NOT_ACTIVE),
  at('that was issued 60 s ahead of the last whole second', { iat: 59.1 }, ACCEPTED),
  at('that was issued 61 s ahead of the last whole second', { iat: 60.1 }, NOT_ACTIVE),
]);

function timesFromNow(offsets: Offsets): Record<string, number> {
  const now = Date.now() / 1000;
  return Object.fromEntries(Object.entries(offsets).map(([name, offset]) => [name, now + offset]));
}

function written(name: string, value: string, expect: Outcome | readonly Outcome[]): Unnumbered {
  return {
    title: `a token whose ${name} is ${value}`,
    make: (kit: AttackKit) => {
      const others = { [name]: undefined };
      return kit.sign(kit.claimsText({ last: `"${name}":${value}` }, others));
    },
    expect,
  };
}

function without(name: string, expect: Outcome): Unnumbered {
  return {
    title: `a token without ${name}`,
    make: (kit) => kit.token({ [name]: undefined }),
    expect,
  };
}
