import type { JsonWebKey } from 'node:crypto';
import { Strategy } from 'passport-jwt';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { rsaKeysOf, signingKeyOf } from '../keys/signing-key.js';
import type { SigningKey } from '../keys/signing-key.js';
import { parseJws } from '../token/compact-token.js';

/** The algorithms that any signature is verified with. */
export const ALGORITHMS = ['RS256'] as const;

/** What passport-jwt calls to verify a token: jsonwebtoken. Its types leave it out. */
const { JwtVerifier: verifyJwt } = Strategy as unknown as {
  JwtVerifier: (jws: string, key: unknown, options: object, done: VerifyCallback) => void;
};

type VerifyCallback = (error: Error | null) => void;

/**
 * Checks the signature of a compact JWS with a JSON Web Key, and nothing else: the signature step
 * of token verification by itself, with the same rules for keys and the same verifier.
 *
 * @throws CognitoAuthError `malformed_token`, `invalid_signature`, or `unknown_key` for a key that
 * is not fit for RS256
 */
export function checkSignature(jws: string, jwk: JsonWebKey): void {
  const { signature } = parseJws(jws);
  const key = usableKeyOf(jwk);
  checkSignatureLength(signature.length, key);
  const options = { algorithms: ALGORITHMS, ignoreExpiration: true, ignoreNotBefore: true };
  verifyJwt(jws, key.publicKey, options, (error) => {
    if (error) throw invalidSignature(error);
  });
}

/**
 * Refuses a signature that is not exactly as long as the modulus of its key (RFC 8017 §8.2.2).
 *
 * @throws CognitoAuthError `invalid_signature`
 */
export function checkSignatureLength(length: number, key: SigningKey): void {
  if (length === key.length) return;
  throw new CognitoAuthError(
    'invalid_signature',
    'The signature of the token does not have the length that its key makes',
  );
}

/** The refusal of a signature that does not belong to what is signed. */
export function invalidSignature(cause: unknown): CognitoAuthError {
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
