import { createHash } from 'node:crypto';
import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { eddsa, es256, hs, jws, rs } from '../forgery.js';
import type { KeyPair, Signer } from '../forgery.js';
import { MARKER } from '../names.js';

const MALFORMED_IDS: readonly [string, unknown][] = [
  ['no key id', undefined],
  ['the key id null', null],
  ['a number as key id', 7],
  ['a boolean as key id', true],
  ['an object as key id', { kid: MARKER }],
  ['an array as key id', [MARKER]],
  ['an empty array as key id', []],
  ['an empty key id', ''],
  ['a key id of 257 characters', 'k'.repeat(257)],
  ['a key id of 10,000 characters', 'k'.repeat(10_000)],
];

const malformedIds: Attack[] = MALFORMED_IDS.map(([name, kid], index) => ({
  id: `kid-malformed-${index}`,
  title: `a genuine signature under ${name}`,
  make: (kit) => kit.token({}, { kid }),
  expect: refused('malformed_token'),
}));

const INVENTED_IDS: readonly string[] = [
  MARKER,
  'k'.repeat(256),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'prototype',
  '0',
  'undefined',
  'null',
  '../../../../../../dev/null',
  '/dev/null',
  'file:///dev/null',
  "' UNION SELECT 'secret' --",
  '$(id)',
  '| id',
  '{{7*7}}',
  `\u0000${MARKER}`,
  `${MARKER}\r\nSet-Cookie: session=${MARKER}`,
  `\u001b]0;${MARKER}\u0007`,
  '\u202e\u2066',
  '🔑'.repeat(128),
  '\ud800',
];

const NEARBY_IDS: Record<string, (kit: AttackKit) => string> = {
  'an address of the attacker': ({ canary }) => `${canary.url}/key`,
  'the address of the key set': ({ jwks }) => jwks.url,
  'a published key id with a space behind it': ({ accessKey }) => `${accessKey.kid} `,
  'a published key id with a space in front': ({ accessKey }) => ` ${accessKey.kid}`,
  'a published key id with NUL behind it': ({ accessKey }) => `${accessKey.kid}\u0000`,
  'a published key id without its padding': ({ accessKey }) => accessKey.kid.replace('=', ''),
  'a published key id in percent-encoding': ({ accessKey }) => encodeURIComponent(accessKey.kid),
  'a published key id in capitals': ({ published }) => published.jwk.kid.toUpperCase(),
  'a look-alike of a published key id': ({ published }) => published.jwk.kid.replace('-', '\u2010'),
  'a key id of another user pool': ({ otherPool }) => otherPool.jwks().keys[0]?.kid ?? '',
};

const unknownIds: Attack[] = [
  ...INVENTED_IDS.map((kid) => [shown(kid), () => kid] as const),
  ...Object.entries(NEARBY_IDS),
].map(([name, kidOf], index) => ({
  id: `kid-unknown-${index}`,
  title: `a genuine signature under the key id ${name}`,
  make: (kit) => kit.token({}, { kid: kidOf(kit) }),
  expect: refused('unknown_key'),
}));

const UNFIT: Record<string, (kit: AttackKit) => readonly [KeyPair, Signer]> = {
  'an EC key': ({ unfit: { ec } }) => [ec, es256(ec)],
  'an EC key that says RS256': ({ unfit: { ecAsRs256 } }) => [ecAsRs256, es256(ecAsRs256)],
  'an Ed25519 key': ({ unfit: { ed25519 } }) => [ed25519, eddsa(ed25519)],
  'an RSA key of 1024 bits': ({ unfit: { weak } }) => [weak, rs(256, weak)],
  'an RSA key for encryption': ({ unfit: { encryption } }) => [encryption, rs(256, encryption)],
  'an RSA key for RS512': ({ unfit: { forRs512 } }) => [forRs512, rs(256, forRs512)],
  'an RSA key whose private half is published, too': ({ unfit: { withPrivateHalf } }) => [
    withPrivateHalf,
    rs(256, withPrivateHalf),
  ],
  'an RSA key with the exponent 1, under which every padded hash is a signature': ({ unfit }) => [
    unfit.one,
    paddedHash,
  ],
  'a symmetric key': ({ unfit: { symmetric } }) => [symmetric, hs(256, 'secret')],
};

const unfit: Attack[] = Object.entries(UNFIT).map(([name, of], index) => ({
  id: `unfit-${index}`,
  title: `an RS256 token under the id of ${name}`,
  make: (kit) => {
    const [{ jwk }, signer] = of(kit);
    return jws({ alg: 'RS256', kid: jwk.kid }, kit.claims(), signer);
  },
  expect: refused('unknown_key'),
}));

const special: Attack[] = [
  {
    id: 'kid-in-payload',
    title: 'a token whose key id stands in its payload',
    make: (kit) => kit.token({ kid: kit.accessKey.kid }, { kid: undefined }),
    expect: refused('malformed_token'),
  },
  {
    id: 'kid-inherited',
    title: 'a token whose key id stands in the __proto__ of its header',
    make: (kit) =>
      kit.sign(kit.claims(), `{"alg":"RS256","__proto__":{"kid":"${kit.accessKey.kid}"}}`),
    expect: refused('malformed_token'),
  },
  {
    id: 'kid-escaped',
    title: 'a genuine token whose key id is written with JSON escapes, which is the same text',
    make: (kit) => kit.sign(kit.claims(), `{"alg":"RS256","kid":"${escaped(kit.accessKey.kid)}"}`),
    expect: accepted({ username: 'mallory' }),
  },
  {
    id: 'kid-of-other-pool-known',
    title: 'a token that another user pool signed under the id of a key of this one',
    make: (kit) => kit.otherPool.sign(kit.claims(), { header: kit.header() }),
    expect: refused('invalid_signature'),
  },
  {
    id: 'kid-of-other-pool',
    title: 'a token that another user pool signed in the name of this one',
    make: (kit) => kit.otherPool.sign(kit.claims()),
    expect: refused('unknown_key'),
  },
  {
    id: 'kid-of-id-key',
    title: 'an access token under the id of the key of ID tokens',
    make: (kit) => kit.token({}, { kid: kit.pool.jwks().keys[1]?.kid }),
    expect: refused('invalid_signature'),
  },
];

export const keyIds: readonly Attack[] = [...malformedIds, ...unknownIds, ...unfit, ...special];

// RFC 8017 §9.2: what s^e mod n must be, which with e = 1 is the signature itself.
function paddedHash(signingInput: string): Buffer {
  const algorithm = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const hash = createHash('sha256').update(signingInput).digest();
  const padding = Buffer.alloc(256 - 3 - algorithm.length - hash.length, 0xff);
  return Buffer.concat([Buffer.from([0, 1]), padding, Buffer.alloc(1), algorithm, hash]);
}

function escaped(text: string): string {
  return Array.from(text, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return String.raw`\u${code}`;
  }).join('');
}

function shown(text: string): string {
  return text.length > 60 ? `${JSON.stringify(text.slice(0, 20))}…` : JSON.stringify(text);
}
