import { CognitoAuthError } from '../cognito-auth.errors.js';

/** The refusal of a token whose `kid` its issuer does not publish. */
export function unknownKey(): CognitoAuthError {
  return new CognitoAuthError(
    'unknown_key',
    'The token is signed with a key that is not among the keys of its user pool',
  );
}

/** The answer while the keys of an issuer cannot be had: ours to repair, not the caller's. */
export function keysUnavailable(retryAfter: number, cause?: unknown): CognitoAuthError {
  return new CognitoAuthError(
    'keys_unavailable',
    'The keys to verify tokens with are not available at the moment; try again later',
    { retryAfter, cause },
  );
}
