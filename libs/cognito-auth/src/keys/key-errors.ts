import { CognitoAuthError } from '../cognito-auth.errors.js';
import { isError } from '../faults/foreign-errors.js';

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

/** What went wrong, for a log: the message of an error, and that of its cause. */
export function reasonOf(error: unknown): string {
  if (!isError(error)) return 'unknown reason';
  const { cause } = error;
  return isError(cause) ? `${textOf(error)} (${textOf(cause)})` : textOf(error);
}

/** Several failed attempts to connect are one error with a code and without a message. */
function textOf(error: Error): string {
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
