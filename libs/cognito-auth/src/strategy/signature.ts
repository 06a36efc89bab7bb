import { verify } from 'node:crypto';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { JsonWebKey } from '../keys/json-web-key.js';
import { rsaKeysOf, signingKeyOf } from '../keys/signing-key.js';
import type { SigningKey } from '../keys/signing-key.js';
import { parseJws } from '../token/compact-token.js';

/** What is signed, as it is encoded, and the signature. */
export interface Signed {
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Checks the signature of a compact JWS with a JSON Web Key, and nothing else: the signature step
 * of token verification by itself, with the same rules for keys and the same verifier.
 *
 * @throws CognitoAuthError `malformed_token`, `invalid_signature`, or `unknown_key` for a key that
 * is not fit for RS256
 */
export function checkSignature(jws: string, jwk: JsonWebKey): void {
  const signed = parseJws(jws);
  if (signed instanceof CognitoAuthError) throw signed;
  const key = usableKeyOf(jwk);
  checkSignatureLength(signed, key);
  checkSignatureWith(key, signed);
}

/**
 * Refuses a signature that is not exactly as long as the modulus of its key (RFC 8017 §8.2.2).
 *
 * @throws CognitoAuthError `invalid_signature`
 */
export function checkSignatureLength({ signature }: Signed, key: SigningKey): void {
  if (signature.length === key.length) return;
  throw new CognitoAuthError(
    'invalid_signature',
    'The signature of the token does not have the length that its key makes',
  );
}

/**
 * Refuses a signature that this key did not make with RS256: RSASSA-PKCS1-v1_5 with SHA-256, the
 * padding that Node takes for a plain RSA key. The algorithm is never read from the token.
 *
 * @throws CognitoAuthError `invalid_signature`
 */
export function checkSignatureWith(key: SigningKey, { signingInput, signature }: Signed): void {
  // Canonical base64url and a dot: one byte for each character.
  const bytes = Buffer.from(signingInput, 'latin1');
  if (!verify('RSA-SHA256', bytes, key.publicKey, signature)) throw invalidSignature();
}

/** The refusal of a signature that does not belong to what is signed. */
export function invalidSignature(cause?: unknown): CognitoAuthError {
  return new CognitoAuthError(
    'invalid_signature',
    'The signature of the token does not belong to its header and payload',
    { cause },
  );
}

function usableKeyOf(jwk: JsonWebKey): SigningKey {
  const [members] = rsaKeysOf({ keys: [{ kid: 'unnamed', ...jwk }] });
  const key = members && signingKeyOf(members.kid, members);
  if (key) return key;
  throw new CognitoAuthError('unknown_key', 'The key is not fit for RS256');
}
