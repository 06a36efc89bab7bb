import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoAuthErrorCode } from '../cognito-auth.errors.js';
import { memberOf } from './claims.js';
import type { CognitoClaims, JsonObject } from './claims.js';
import { expired, isExpired, notActiveYet } from './expiry.js';

/** What the claims of a token of one user pool are held against. */
export interface ClaimExpectations {
  /** The app clients whose tokens are accepted; `null` accepts every one of the pool. */
  readonly clientIds: ReadonlySet<string> | null;
  /** The resources of which the access token of a user must name one as `aud`, when set. */
  readonly audiences?: ReadonlySet<string>;
  /** For app clients with audiences of their own; `null` for those asked for none. */
  readonly audiencesOfClients?: ReadonlyMap<string, ReadonlySet<string> | null>;
}

/** How the times of a token are read. */
export interface TimePolicy {
  /** Seconds by which clocks may differ. */
  readonly clockTolerance: number;
  readonly ignoreExpiration: boolean;
}

/** Seconds that `iat` may lie ahead of this machine's clock. */
const MAX_CLOCK_SKEW = 60;

/** Milliseconds: what a Date can hold (ECMA-262 §21.4.1.1). */
const MAX_DATE = 8.64e15;

const STRINGS = ['sub', 'jti', 'origin_jti', 'device_key', 'username', 'cognito:username', 'scope'];
const NUMBERS = ['iat', 'nbf', 'auth_time'];

/**
 * Checks that a token is active already (`nbf`, whole seconds, as jsonwebtoken counts them) and not
 * expired yet (`exp`, which every token needs). RFC 7519 §4.1.4, §4.1.5.
 *
 * @param now in seconds
 * @throws CognitoAuthError
 */
export function checkTimes(
  claims: JsonObject,
  now: number,
  { clockTolerance, ignoreExpiration }: TimePolicy,
): void {
  if (Object.hasOwn(claims, 'nbf')) {
    const notBefore = claims['nbf'];
    if (typeof notBefore !== 'number') throw mistyped('nbf', 'a time in seconds');
    if (notBefore > Math.floor(now) + clockTolerance) throw notActiveYet();
  }
  if (ignoreExpiration) return;
  const expiry = memberOf(claims, 'exp');
  if (typeof expiry !== 'number') throw mistyped('exp', 'a time in seconds');
  if (isExpired(expiry, now, clockTolerance)) throw expired(expiry, now);
}

/**
 * Checks the claims of a token whose signature, expiry and issuer are already verified.
 *
 * A claim of the wrong JSON type is refused, never coerced. The rules are those of
 * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 *
 * @param now in seconds
 * @throws CognitoAuthError
 */
export function checkClaims(
  claims: JsonObject,
  expected: ClaimExpectations,
  now: number,
): asserts claims is JsonObject & CognitoClaims {
  checkTypes(claims);
  if (((memberOf(claims, 'iat') as number | undefined) ?? 0) > now + MAX_CLOCK_SKEW) {
    throw refusal('token_not_active', 'The token was issued in the future');
  }
  const tokenUse = memberOf(claims, 'token_use');
  if (tokenUse === 'access') return checkAccessToken(claims, expected);
  if (tokenUse === 'id') return checkIdToken(claims, expected);
  throw refusal('wrong_token_use', 'The token is neither an access token nor an ID token');
}

function checkTypes(claims: JsonObject): void {
  if (!isTime(memberOf(claims, 'exp'))) throw mistyped('exp', 'a time in seconds');
  for (const name of NUMBERS) {
    if (Object.hasOwn(claims, name) && !isTime(claims[name])) {
      throw mistyped(name, 'a time in seconds');
    }
  }
  for (const name of STRINGS) {
    if (Object.hasOwn(claims, name) && typeof claims[name] !== 'string') {
      throw mistyped(name, 'a string');
    }
  }
  if (Object.hasOwn(claims, 'cognito:groups') && !isStringArray(claims['cognito:groups'])) {
    throw mistyped('cognito:groups', 'an array of strings');
  }
}

function checkAccessToken(claims: JsonObject, expected: ClaimExpectations): void {
  checkClient(memberOf(claims, 'client_id'), 'client_id', expected);
  checkAudience(claims, expected);
  // A machine (client credentials) has no username; AWS documents its `sub` for users only.
  if (Object.hasOwn(claims, 'username')) checkUser(claims, 'username');
}

function checkAudience(claims: JsonObject, expected: ClaimExpectations): void {
  const audience = memberOf(claims, 'aud');
  if (Object.hasOwn(claims, 'aud') && typeof audience !== 'string') {
    throw refusal('wrong_audience', 'The claim aud of the access token is not a string');
  }
  const clientId = memberOf(claims, 'client_id') as string;
  const ofClient = expected.audiencesOfClients?.get(clientId);
  const accepted = ofClient ?? expected.audiences;
  if (!accepted || accepted.has(audience as string)) return;
  // A pre token generation trigger may add the app client itself, which names no resource.
  // https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
  const isUnbound = audience === undefined || audience === clientId;
  // Cognito binds no token of the client credentials grant to a resource:
  // https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html
  const isMachine = !Object.hasOwn(claims, 'username');
  if (isUnbound && (isMachine || ofClient === null)) return;
  throw refusal(
    'wrong_audience',
    'The access token is not meant for this API (claim aud); ask for it with the parameter resource',
  );
}

function checkIdToken(claims: JsonObject, expected: ClaimExpectations): void {
  checkClient(memberOf(claims, 'aud'), 'aud', expected);
  checkUser(claims, 'cognito:username');
}

function checkClient(clientId: unknown, claim: string, expected: ClaimExpectations): void {
  if (typeof clientId !== 'string' || clientId === '') {
    throw refusal('wrong_client', `The token does not name one app client (claim ${claim})`);
  }
  if (expected.clientIds && !expected.clientIds.has(clientId)) {
    throw refusal(
      'wrong_client',
      `The token was issued for an app client that this API does not accept (claim ${claim})`,
    );
  }
}

function checkUser(claims: JsonObject, usernameClaim: string): void {
  for (const name of ['sub', usernameClaim]) {
    if (!memberOf(claims, name)) throw mistyped(name, 'a non-empty string');
  }
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value * 1000) <= MAX_DATE;
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function mistyped(claim: string, expected: string): CognitoAuthError {
  return refusal('malformed_token', `The claim ${claim} of the token is not ${expected}`);
}

function refusal(code: CognitoAuthErrorCode, message: string): CognitoAuthError {
  return new CognitoAuthError(code, message);
}
