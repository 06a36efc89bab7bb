import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { MAX_KID_LENGTH } from '../token/compact-token.js';

/** A public key that tokens may be verified with. */
export interface SigningKey {
  readonly kid: string;
  readonly publicKey: KeyObject;
  /** The length of the modulus, and so of every signature, in bytes. */
  readonly length: number;
}

// RFC 7518 §3.3: a key of 2048 bits or larger must be used with RS256.
const MIN_BITS = 2048;
// FIPS 186-5 §A.1.1. An exponent of 1 would make every signature valid, a huge one would make
// every verification slow.
const MIN_EXPONENT = 3n;
const MAX_EXPONENT = 2n ** 256n;

/** The members of a public RSA key that say which key it is and what it may do. */
export interface RsaKeyMembers {
  readonly kty: 'RSA';
  readonly kid: string;
  readonly n: string;
  readonly e: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
}

/**
 * The keys of a set that may verify RS256 signatures by their declaration; what else stands in the
 * set is left out, so that one bad key never spoils the others. Of keys with one `kid` the first
 * counts.
 *
 * @throws Error when there is no key set at all
 */
export function rsaKeysOf(keySet: unknown): RsaKeyMembers[] {
  const keys: unknown = (keySet as { keys?: unknown } | null | undefined)?.keys;
  if (!Array.isArray(keys)) throw new Error('the answer is not a JSON Web Key Set');
  return keys.map(rsaKeyOf).filter((key) => key !== undefined);
}

function rsaKeyOf(key: unknown): RsaKeyMembers | undefined {
  if (typeof key !== 'object' || key === null) return undefined;
  const { kty, kid, n, e, alg, use, key_ops: operations, d } = key as Record<string, unknown>;
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return undefined;
  if (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID_LENGTH) return undefined;
  if (alg !== undefined && alg !== 'RS256') return undefined;
  if (use !== undefined && use !== 'sig') return undefined;
  // RFC 7517 §4.3
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return undefined;
  }
  // A key whose private half is published proves nothing.
  if (d !== undefined) return undefined;
  return { kty, kid, n, e, alg: 'RS256', use: 'sig' };
}

/** The key for its PEM or JWK, or `undefined` when it cannot be read or is too weak. */
export function signingKeyOf(
  kid: string,
  material: string | RsaKeyMembers,
): SigningKey | undefined {
  try {
    const publicKey =
      typeof material === 'string'
        ? createPublicKey(material)
        : createPublicKey({ key: { ...material }, format: 'jwk' });
    const { modulusLength = 0, publicExponent = 0n } = publicKey.asymmetricKeyDetails ?? {};
    if (publicKey.asymmetricKeyType !== 'rsa' || modulusLength < MIN_BITS) return undefined;
    if (publicExponent < MIN_EXPONENT || publicExponent >= MAX_EXPONENT) return undefined;
    if (publicExponent % 2n === 0n) return undefined;
    return { kid, publicKey, length: Math.ceil(modulusLength / 8) };
  } catch {
    return undefined;
  }
}
