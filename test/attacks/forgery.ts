import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { BinaryLike, JsonWebKey, KeyObject } from 'node:crypto';

/** One part of a token before it is encoded: an object, text as it stands, or bytes. */
export type Part = object | string;

/** Makes the signature of a signing input. */
export type Signer = (signingInput: string) => Buffer;

/** A key pair, and its public half as a key set would publish it. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: JsonWebKey & { kid: string };
}

/** Encodes one part of a token. */
export function encoded(part: Part): string {
  const bytes = typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part);
  return Buffer.from(bytes as string).toString('base64url');
}

/** A token over parts that are encoded here. */
export function jws(header: Part, payload: Part, signer: Signer): string {
  return signedText(`${encoded(header)}.${encoded(payload)}`, signer);
}

/** A token over a signing input that is signed as it stands. */
export function signedText(signingInput: string, signer: Signer): string {
  return `${signingInput}.${signer(signingInput).toString('base64url')}`;
}

/** RSASSA-PKCS1-v1_5. */
export function rs(bits: 1 | 256 | 384 | 512, { privateKey }: KeyPair): Signer {
  return (input) => sign(`RSA-SHA${bits}`, Buffer.from(input), privateKey);
}

/** RSASSA-PSS. */
export function ps(bits: 256 | 384 | 512, { privateKey }: KeyPair): Signer {
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  return (input) =>
    sign(`RSA-SHA${bits}`, Buffer.from(input), { key: privateKey, padding, saltLength: bits / 8 });
}

/** ECDSA with SHA-256, in the form of JWS. */
export function es256({ privateKey }: KeyPair): Signer {
  return (input) =>
    sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

export function eddsa({ privateKey }: KeyPair): Signer {
  return (input) => sign(null, Buffer.from(input), privateKey);
}

export function hs(bits: 256 | 384 | 512, secret: BinaryLike): Signer {
  return (input) => createHmac(`sha${bits}`, secret).update(input).digest();
}

/** Whatever is signed, these bytes. */
export function always(signature: Buffer): Signer {
  return () => signature;
}

/** A new RSA key pair; `members` go into its public form. */
export function rsaPair(kid: string, members: JsonWebKey = {}, modulusLength = 2048): KeyPair {
  return withJwk(kid, generateKeyPairSync('rsa', { modulusLength }), {
    alg: 'RS256',
    use: 'sig',
    ...members,
  });
}

export function ecPair(kid: string, members: JsonWebKey = {}): KeyPair {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return withJwk(kid, pair, { alg: 'ES256', use: 'sig', ...members });
}

export function ed25519Pair(kid: string): KeyPair {
  return withJwk(kid, generateKeyPairSync('ed25519'), { alg: 'EdDSA', use: 'sig' });
}

function withJwk(
  kid: string,
  pair: { privateKey: KeyObject; publicKey: KeyObject },
  members: JsonWebKey,
): KeyPair {
  return { ...pair, jwk: { ...pair.publicKey.export({ format: 'jwk' }), ...members, kid } };
}
