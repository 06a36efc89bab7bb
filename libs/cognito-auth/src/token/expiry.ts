import { CognitoAuthError } from '../cognito-auth.errors.js';

/**
 * The present in seconds, as the time claims of a token count it (RFC 7519 §2).
 *
 * With its fraction: rounded down, it would keep a token alive whose `exp` has one.
 */
export function secondsNow(): number {
  return Date.now() / 1000;
}

/** Whether a token with this `exp` is refused now. RFC 7519 §4.1.4: on or after `exp`. */
export function isExpired(exp: number, now: number, clockTolerance: number): boolean {
  return now >= exp + clockTolerance;
}

/** The refusal of a token before its `nbf`. RFC 7519 §4.1.5. */
export function notActiveYet(): CognitoAuthError {
  return new CognitoAuthError('token_not_active', 'The token is not active yet (claim nbf)');
}

/** The refusal of a token that expired at `exp` (seconds). */
export function expired(exp: number, now: number): CognitoAuthError {
  const ago = Math.max(0, Math.floor(now - exp));
  return new CognitoAuthError('token_expired', `The token expired ${ago} s ago`);
}
