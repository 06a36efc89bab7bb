import { createHash } from 'node:crypto';
import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { jws, rs } from '../forgery.js';
import type { KeyPair } from '../forgery.js';
import { MARKER } from '../names.js';

// RFC 8725 §3.10: neither keys nor the addresses of keys are taken from a token.

const REFERENCES: Record<string, (kit: AttackKit) => unknown> = {
  jwk: ({ attacker }) => attacker.jwk,
  jku: ({ canary }) => `${canary.url}/jwks.json`,
  x5u: ({ canary }) => `${canary.url}/certificate.pem`,
  x5c: ({ attacker }) => [spkiOf(attacker).toString('base64')],
  x5t: ({ attacker }) => createHash('sha1').update(spkiOf(attacker)).digest('base64url'),
  'x5t#S256': ({ attacker }) => createHash('sha256').update(spkiOf(attacker)).digest('base64url'),
};

const references: Attack[] = Object.entries(REFERENCES).flatMap(([name, valueOf]): Attack[] => [
  {
    id: `${name}-known`,
    title: `a token of the attacker with ${name} and the id of a published key`,
    make: (kit) => forged(kit, { [name]: valueOf(kit) }),
    expect: refused('invalid_signature'),
  },
  {
    id: `${name}-own`,
    title: `a token of the attacker with ${name} and the id of the attacker's key`,
    make: (kit) => forged(kit, { [name]: valueOf(kit), kid: kit.attacker.jwk.kid }),
    expect: refused('unknown_key'),
  },
  {
    id: `${name}-alone`,
    title: `a token of the attacker with ${name} and no key id`,
    make: (kit) => forged(kit, { [name]: valueOf(kit), kid: undefined }),
    expect: refused('malformed_token'),
  },
  {
    id: `${name}-genuine`,
    title: `a genuine token in which ${name} names another key`,
    make: (kit) => kit.token({}, { [name]: valueOf(kit) }),
    expect: accepted({ username: 'mallory' }),
  },
]);

const elsewhere: Attack[] = [
  {
    id: 'iss-canary',
    title: 'a token of the attacker whose issuer is a server of the attacker',
    make: (kit) =>
      jws(
        { alg: 'RS256', kid: kit.attacker.jwk.kid },
        kit.claims({ iss: kit.canary.url }),
        rs(256, kit.attacker),
      ),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'urls-in-payload',
    title: 'a token of the attacker with addresses of keys in its payload',
    make: (kit) => {
      const { url } = kit.canary;
      const claims = kit.claims({
        jku: url,
        jwks_uri: url,
        _claim_sources: { a: { endpoint: url } },
      });
      return jws(kit.header(), claims, rs(256, kit.attacker));
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'published',
    title: 'a token of a good key that is published among bad ones',
    make: (kit) =>
      jws({ alg: 'RS256', kid: kit.published.jwk.kid }, kit.claims(), rs(256, kit.published)),
    expect: accepted({ username: 'mallory' }),
  },
];

export const keyReferences: readonly Attack[] = [...references, ...elsewhere];

function forged(kit: AttackKit, header: object): string {
  return jws(kit.header(header), kit.claims({ jti: MARKER }), rs(256, kit.attacker));
}

function spkiOf({ publicKey }: KeyPair): Buffer {
  return publicKey.export({ type: 'spki', format: 'der' });
}
