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
  return keysIn(keySet)
    .map(readKey)
    .filter((key) => typeof key !== 'string');
}

/**
 * The keys of a set that can verify RS256 signatures, at least one.
 *
 * @throws Error when there is none, which says why each key is unfit, and nothing that is in it
 */
export function usableKeysOf(keySet: unknown): RsaKeyMembers[] {
  const read = keysIn(keySet).map((key) => {
    const members = readKey(key);
    if (typeof members === 'string') return members;
    return signingKeyOf(members.kid, members) ? members : 'malformed or of less than 2048 bits';
  });
  const usable = read.filter((key) => typeof key !== 'string');
  if (usable.length > 0) return usable;
  const flaws = read.filter((key) => typeof key === 'string');
  throw new Error(`the key set has no RSA key that is fit for RS256 (${countsOf(flaws)})`);
}

function countsOf(flaws: string[]): string {
  if (flaws.length === 0) return 'it is empty';
  const counts = new Map<string, number>();
  for (const flaw of flaws) counts.set(flaw, (counts.get(flaw) ?? 0) + 1);
  return `keys: ${[...counts].map(([flaw, count]) => `${count} ${flaw}`).join(', ')}`;
}

function keysIn(keySet: unknown): unknown[] {
  const keys: unknown = (keySet as { keys?: unknown } | null | undefined)?.keys;
  if (!Array.isArray(keys)) throw new Error('the answer is not a JSON Web Key Set');
  return keys;
}

/** What a key declares, or what makes it unfit. */
function readKey(key: unknown): RsaKeyMembers | string {
  if (typeof key !== 'object' || key === null) return 'that is no object';
  const { kty, kid, n, e, alg, use, key_ops: operations, d } = key as Record<string, unknown>;
  if (kty !== 'RSA') return 'of another "kty" than "RSA"';
  if (typeof n !== 'string' || typeof e !== 'string') return 'without "n" or "e"';
  if (typeof kid !== 'string' || kid === '') return 'without "kid"';
  if (kid.length > MAX_KID_LENGTH) return 'with a "kid" that is too long';
  if (alg !== undefined && alg !== 'RS256') return 'of another "alg" than "RS256"';
  if (use !== undefined && use !== 'sig') return 'of another "use" than "sig"';
  // RFC 7517 §4.3
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return 'without "verify" in "key_ops"';
  }
  // A key whose private half is published proves nothing.
  if (d !== undefined) return 'with its private half';
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
