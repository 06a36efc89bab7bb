import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import { rs, signedText, encoded } from '../forgery.js';
import { MARKER } from '../names.js';

// All of these carry a genuine signature: what is wrong is what the header asks for.

const REFUSED: readonly object[] = [
  // RFC 7515 §4.1.11
  { crit: ['b64'], b64: false },
  { crit: ['b64'], b64: true },
  { crit: ['exp'] },
  { crit: ['exp'], exp: 4_102_444_800 },
  { crit: ['alg'] },
  { crit: [MARKER], [MARKER]: true },
  { crit: [] },
  { crit: null },
  { crit: false },
  { crit: 'exp' },
  { crit: {} },
  // RFC 7797 §6: an unencoded payload is announced in crit.
  { b64: false },
  // RFC 7519 §5.2: a nested token.
  { cty: 'JWT' },
  { cty: 'jwt' },
  { cty: '' },
  { cty: null },
  // RFC 8725 §3.11: a token of another kind.
  { typ: 'JWE' },
  { typ: 'jwt' },
  { typ: 'JWT ' },
  { typ: 'at+JWT' },
  { typ: 'id+jwt' },
  { typ: 'dpop+jwt' },
  { typ: 'logout+jwt' },
  { typ: 'secevent+jwt' },
  { typ: 'application/at+jwt' },
  { typ: MARKER },
  { typ: '' },
  { typ: null },
  { typ: 1 },
  { typ: ['JWT'] },
  { typ: { toString: 'JWT' } },
];

const ACCEPTED: readonly object[] = [
  {},
  { typ: 'JWT' },
  { typ: 'at+jwt' },
  { exp: 1 },
  { iss: 'https://issuer.example' },
  { zip: 'DEF' },
  { enc: 'A256GCM' },
  { nonce: 'n', url: 'https://url.example', x: [1, { y: null }] },
  { toString: 1, hasOwnProperty: 1, valueOf: null },
];

export const headerMembers: readonly Attack[] = [
  ...REFUSED.map((members, index): Attack => ({
    id: `header-refused-${index}`,
    title: `a token with ${JSON.stringify(members)} in its header`,
    make: (kit) => kit.token({}, members as Record<string, unknown>),
    expect: refused('malformed_token'),
  })),
  ...ACCEPTED.map((members, index): Attack => ({
    id: `header-accepted-${index}`,
    title: `a genuine token with ${JSON.stringify(members)} in its header`,
    make: (kit) => kit.token({}, members as Record<string, unknown>),
    expect: accepted({ username: 'mallory' }),
  })),
  {
    id: 'header-b64-true',
    title: 'a genuine token that says b64: true, the default, without need',
    make: (kit) => kit.token({}, { b64: true }),
    expect: [accepted(), refused('malformed_token')],
  },
  {
    id: 'header-unencoded-payload',
    title: 'a token with a genuine signature over an unencoded payload',
    make: (kit) => {
      const header = { alg: 'RS256', kid: kit.published.jwk.kid, b64: false, crit: ['b64'] };
      return signedText(
        `${encoded(header)}.${JSON.stringify(kit.claims())}`,
        rs(256, kit.published),
      );
    },
    carrier: 'body',
    expect: refused('malformed_token'),
  },
  {
    id: 'header-nested',
    title: 'a token inside a token',
    make: (kit) => kit.sign(kit.token(), kit.header({ cty: 'JWT' })),
    expect: refused('malformed_token'),
  },
];
