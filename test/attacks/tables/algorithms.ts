import type { BinaryLike } from 'node:crypto';
import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { always, eddsa, es256, hs, jws, ps, rs } from '../forgery.js';
import type { Signer } from '../forgery.js';
import { MARKER } from '../names.js';

// RFC 8725 §2.1, §3.1: the algorithm is ours to say, not the token's.

const NONE = ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\u0000'];

const unsigned: Attack[] = NONE.flatMap((alg, index) => [
  {
    id: `none-${index}`,
    title: `a token with alg ${JSON.stringify(alg)} and no signature`,
    make: (kit: AttackKit) => jws(kit.header({ alg }), kit.claims(), always(Buffer.alloc(0))),
    expect: refused('malformed_token'),
  },
  {
    id: `none-signed-${index}`,
    title: `a token with alg ${JSON.stringify(alg)} and a genuine RS256 signature`,
    make: (kit: AttackKit) => kit.token({}, { alg }),
    expect: refused('malformed_token'),
  },
]);

/** Everything that has been taken for "the public key" as the secret of an HMAC. */
const SECRETS: Record<string, (kit: AttackKit) => BinaryLike> = {
  'the PEM of the key': (kit) => pem(kit, 'spki'),
  'the PEM of the key without its last newline': (kit) => pem(kit, 'spki').trimEnd(),
  'the PEM of the key with CRLF': (kit) => pem(kit, 'spki').replaceAll('\n', '\r\n'),
  'the base64 inside the PEM': (kit) => pem(kit, 'spki').replaceAll(/-----[^-]+-----|\n/g, ''),
  'the PKCS#1 PEM of the key': (kit) => pem(kit, 'pkcs1'),
  'the PKCS#1 PEM without its last newline': (kit) => pem(kit, 'pkcs1').trimEnd(),
  'the DER of the key': (kit) => kit.accessPublicKey.export({ type: 'spki', format: 'der' }),
  'the PKCS#1 DER of the key': (kit) =>
    kit.accessPublicKey.export({ type: 'pkcs1', format: 'der' }),
  'the JWK as published': (kit) => JSON.stringify(kit.accessKey),
  'the JWK as for its thumbprint': ({ accessKey: { e, kty, n } }) => JSON.stringify({ e, kty, n }),
  'the whole key set': (kit) => JSON.stringify(kit.pool.jwks()),
  'the member n': (kit) => kit.accessKey.n ?? '',
  'the modulus': (kit) => modulus(kit),
  'the modulus with its sign byte': (kit) => Buffer.concat([Buffer.alloc(1), modulus(kit)]),
  'the modulus in hexadecimal': (kit) => modulus(kit).toString('hex'),
  'the key id': (kit) => kit.accessKey.kid,
  'the client id': (kit) => kit.pool.clientId,
  'an empty secret': () => '',
  'the text undefined': () => 'undefined',
  'the text [object Object]': () => '[object Object]',
};

const symmetric: Attack[] = ([256, 384, 512] as const).flatMap((bits) =>
  Object.entries(SECRETS).map(([name, secretOf], index) => ({
    id: `hs${bits}-${index}`,
    title: `an HS${bits} token whose secret is ${name}`,
    make: (kit: AttackKit) =>
      jws(kit.header({ alg: `HS${bits}` }), kit.claims(), hs(bits, secretOf(kit))),
    expect: refused('malformed_token'),
  })),
);

interface Asymmetric {
  readonly alg: string;
  readonly kid: string;
  readonly signer: Signer;
}

const ASYMMETRIC: Record<string, (kit: AttackKit) => Asymmetric> = {
  'RS384 by a published key': (kit) => by('RS384', kit, rs(384, kit.published)),
  'RS512 by a published key': (kit) => by('RS512', kit, rs(512, kit.published)),
  'PS256 by a published key': (kit) => by('PS256', kit, ps(256, kit.published)),
  'PS384 by a published key': (kit) => by('PS384', kit, ps(384, kit.published)),
  'PS512 by a published key': (kit) => by('PS512', kit, ps(512, kit.published)),
  'RS1 by a published key': (kit) => by('RS1', kit, rs(1, kit.published)),
  'ES256 by a published EC key': ({ unfit: { ec } }) => byKey('ES256', ec.jwk, es256(ec)),
  'ES256 under the id of an RSA key': (kit) => by('ES256', kit, es256(kit.unfit.ec)),
  'EdDSA by a published Ed25519 key': ({ unfit: { ed25519 } }) =>
    byKey('EdDSA', ed25519.jwk, eddsa(ed25519)),
  'EdDSA under the id of an RSA key': (kit) => by('EdDSA', kit, eddsa(kit.unfit.ed25519)),
  'RSA-OAEP, an algorithm of encryption': (kit) => by('RSA-OAEP', kit, rs(256, kit.published)),
  'dir, an algorithm of encryption': (kit) => by('dir', kit, rs(256, kit.published)),
};

const asymmetric: Attack[] = Object.entries(ASYMMETRIC).map(([name, of], index) => ({
  id: `asymmetric-${index}`,
  title: `a token signed with ${name}`,
  make: (kit) => {
    const { alg, kid, signer } = of(kit);
    return jws({ alg, kid }, kit.claims(), signer);
  },
  expect: refused('malformed_token'),
}));

/** Signed with one algorithm, labelled RS256. */
const MISLABELLED: Record<string, (kit: AttackKit) => Signer> = {
  RS512: (kit) => rs(512, kit.published),
  RS384: (kit) => rs(384, kit.published),
  RS1: (kit) => rs(1, kit.published),
  PS256: (kit) => ps(256, kit.published),
  ES256: (kit) => es256(kit.unfit.ec),
  EdDSA: (kit) => eddsa(kit.unfit.ed25519),
  'HS256 with the PEM of the key': (kit) =>
    hs(256, kit.published.publicKey.export({ type: 'spki', format: 'pem' })),
};

const mislabelled: Attack[] = Object.entries(MISLABELLED).map(([name, signerOf], index) => ({
  id: `mislabelled-${index}`,
  title: `a token that says RS256 and is signed with ${name}`,
  make: (kit) => jws(by('RS256', kit).header, kit.claims(), signerOf(kit)),
  expect: refused('invalid_signature'),
}));

const ODD_ALGORITHMS: readonly unknown[] = [
  undefined,
  null,
  256,
  true,
  '',
  ['RS256'],
  { RS256: true },
  { toString: 'RS256' },
  'rs256',
  'Rs256',
  'RS256 ',
  ' RS256',
  'RS256\u0000',
  'RS256,none',
  'ＲＳ256',
  'SHA256',
  'RSA-SHA256',
  '*',
  '__proto__',
  'constructor',
  MARKER,
];

const odd: Attack[] = ODD_ALGORITHMS.map((alg, index) => ({
  id: `alg-${index}`,
  title: `a genuine signature under the alg ${JSON.stringify(alg) ?? 'that is not there'}`,
  make: (kit) => kit.token({}, { alg }),
  expect: refused('malformed_token'),
}));

const rest: Attack[] = [
  {
    id: 'alg-inherited',
    title: 'a header that has alg only in its __proto__',
    make: (kit) =>
      kit.sign(kit.claims(), `{"__proto__":{"alg":"RS256"},"kid":"${kit.accessKey.kid}"}`),
    expect: refused('malformed_token'),
  },
  {
    id: 'alg-escaped',
    title: 'the alg RS256 written with JSON escapes, which is the same text',
    make: (kit) =>
      kit.sign(kit.claims(), String.raw`{"kid":"${kit.accessKey.kid}","\u0061lg":"R\u0053256"}`),
    expect: accepted({ username: 'mallory' }),
  },
];

export const algorithms: readonly Attack[] = [
  ...unsigned,
  ...symmetric,
  ...asymmetric,
  ...mislabelled,
  ...odd,
  ...rest,
];

function by(alg: string, kit: AttackKit, signer: Signer = rs(256, kit.published)) {
  return byKey(alg, kit.published.jwk, signer);
}

function byKey(alg: string, { kid }: { kid: string }, signer: Signer) {
  return { alg, kid, signer, header: { alg, kid } };
}

function pem(kit: AttackKit, type: 'spki' | 'pkcs1'): string {
  return kit.accessPublicKey.export({ type, format: 'pem' }).toString();
}

function modulus(kit: AttackKit): Buffer {
  return Buffer.from(kit.accessKey.n ?? '', 'base64url');
}
