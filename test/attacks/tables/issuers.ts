import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { jws, rs } from '../forgery.js';
import { ISSUER, MARKER, OTHER_ISSUER, UPDATED_ISSUER, USER_POOL_ID } from '../names.js';

/** None of them is the issuer; every signature is genuine all the same. */
const WRONG: readonly unknown[] = [
  undefined,
  null,
  '',
  1,
  true,
  {},
  [],
  [ISSUER],
  [ISSUER, ISSUER],
  { toString: ISSUER },
  { [ISSUER]: true },
  `${ISSUER}/`,
  `${UPDATED_ISSUER}/`,
  ` ${ISSUER}`,
  `${ISSUER} `,
  `${ISSUER}\n`,
  `${ISSUER}\u0000`,
  `${ISSUER}?`,
  `${ISSUER}#`,
  `${ISSUER}#${MARKER}`,
  `${ISSUER}/../${USER_POOL_ID}`,
  `${ISSUER},https://issuer.attacker.example`,
  `${ISSUER} https://issuer.attacker.example`,
  ISSUER.toUpperCase(),
  ISSUER.toLowerCase(),
  ISSUER.replace('https', 'HTTPS'),
  ISSUER.replace('https', 'http'),
  ISSUER.replace('https://', ''),
  ISSUER.replace('https:', ''),
  ISSUER.replace('.com/', '.com:443/'),
  ISSUER.replace('.com/', '.com./'),
  ISSUER.replace('.com/', '.com//'),
  ISSUER.replace('.com/', '.com\\'),
  ISSUER.replace('.com/', '.com.attacker.example/'),
  ISSUER.replace('https://', 'https://attacker.example@'),
  ISSUER.replace('https://', 'https://attacker.example/'),
  ISSUER.replace('https://cognito-idp', 'https://xcognito-idp'),
  ISSUER.replace('cognito-idp.', 'cognito-idp-fips.'),
  ISSUER.replace('cognito-idp.', 'issuer-issuer-cognito-idp.'),
  ISSUER.replace('cognito-idp.eu-west-1', 'cognito-idp.us-east-1'),
  UPDATED_ISSUER.replace('cognito-idp.eu-west-1', 'cognito-idp.us-east-1'),
  ISSUER.replace('amazonaws.com', 'amazonaws.com.cn'),
  OTHER_ISSUER,
  ISSUER.slice(0, -1),
  `${ISSUER}2`,
  ISSUER.replace('_A', '_%41'),
  ISSUER.replace('a', '\u0430'),
  `${ISSUER}/.well-known/jwks.json`,
  USER_POOL_ID,
  '__proto__',
  'constructor',
  'toString',
  'javascript:alert(1)',
  'data:application/json,{"keys":[]}',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  MARKER,
  'x'.repeat(5_000),
];

export const issuers: readonly Attack[] = [
  ...WRONG.map((iss, index): Attack => ({
    id: `issuer-wrong-${index}`,
    title: `a genuine signature under the issuer ${shown(iss)}`,
    make: (kit) => kit.token({ iss }),
    expect: refused('wrong_issuer'),
  })),
  {
    id: 'issuer-original',
    title: 'a genuine token of the original issuer',
    make: (kit) => kit.token({ iss: ISSUER }),
    expect: accepted({ userPoolId: USER_POOL_ID }),
  },
  {
    id: 'issuer-updated',
    title: 'a genuine token of the updated issuer',
    make: (kit) => kit.token({ iss: UPDATED_ISSUER }),
    expect: accepted({ userPoolId: USER_POOL_ID }),
  },
  {
    id: 'issuer-other-pool',
    title: 'a genuine token of another user pool',
    make: (kit) => kit.otherPool.accessToken('alice', { clientId: kit.pool.clientId }),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'issuer-canary',
    title: 'a token whose issuer is a server that publishes the key of the attacker',
    make: (kit) => ofAttacker(kit, kit.canary.url),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'issuer-address-of-keys',
    title: 'a token whose issuer is the address of the key set',
    make: (kit) => ofAttacker(kit, kit.jwks.url),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'issuer-unknown-with-unknown-key',
    title: 'a token of an unknown issuer under an unknown key id',
    make: (kit) => kit.token({ iss: 'https://issuer.attacker.example' }, { kid: 'unknown' }),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'issuer-in-header',
    title: 'a token with the issuer only in its header',
    make: (kit) => kit.token({ iss: undefined }, { iss: ISSUER }),
    expect: refused('wrong_issuer'),
  },
];

function ofAttacker(kit: AttackKit, iss: string): string {
  const header = { alg: 'RS256', kid: kit.attacker.jwk.kid };
  return jws(header, kit.claims({ iss }), rs(256, kit.attacker));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'that is not there';
  return text.length > 120 ? `${text.slice(0, 20)}…` : text;
}
