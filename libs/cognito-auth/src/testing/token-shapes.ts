import { createHash, randomUUID } from 'node:crypto';
import type { LocalClient } from './local-clients.js';
import type { LocalUser } from './local-users.js';

/** The claims of a token that is to be signed; a claim that is `undefined` is left out. */
export type TokenClaims = Record<string, unknown>;

/** Who issues a token, for which app client, and when. Times are in seconds. */
export interface Issuance {
  issuer: string;
  client: LocalClient;
  issuedAt: number;
  expiresAt: number;
}

/** What all tokens of one sign-in share. */
export interface SessionOptions {
  /**
   * The granted scopes, as after a sign-in on Cognito's pages.
   *
   * Default: the token of a sign-in through the API, which has none but
   * `aws.cognito.signin.user.admin`.
   */
  scopes?: readonly string[] | undefined;
  /** When the user signed in, as a date or in seconds. Default: when the token is issued. */
  authTime?: Date | number | undefined;
  /** The session: the same in all its tokens, and kept by a refresh. Default: a random UUID. */
  originJti?: string | undefined;
}

/** The claims of a user's access token. */
export function accessClaims(
  issuance: Issuance,
  user: LocalUser,
  options: SessionOptions & { audience?: string },
): TokenClaims {
  const { scopes } = options;
  return {
    sub: user.sub,
    'cognito:groups': nonEmpty(user.groups),
    iss: issuance.issuer,
    // Only tokens of the OAuth endpoints carry a version.
    version: scopes && 2,
    client_id: issuance.client.clientId,
    aud: options.audience,
    origin_jti: options.originJti ?? randomUUID(),
    event_id: randomUUID(),
    token_use: 'access',
    scope: scopes ? scopeOf(scopes) : 'aws.cognito.signin.user.admin',
    ...timesOf(issuance, options.authTime),
    jti: randomUUID(),
    username: user.username,
  };
}

/** The claims of an ID token. */
export function idClaims(
  issuance: Issuance,
  user: LocalUser,
  options: SessionOptions & { nonce?: string; accessToken?: string },
): TokenClaims {
  const { accessToken, nonce, originJti = randomUUID(), scopes } = options;
  const isOAuth = [accessToken, nonce, scopes].some((option) => option !== undefined);
  return {
    at_hash: accessToken === undefined ? undefined : atHashOf(accessToken),
    sub: user.sub,
    'cognito:groups': nonEmpty(user.groups),
    'cognito:preferred_role': user.roles[0],
    iss: issuance.issuer,
    'cognito:username': user.username,
    nonce,
    origin_jti: originJti,
    'cognito:roles': nonEmpty(user.roles),
    aud: issuance.client.clientId,
    // Seen in ID tokens of a sign-in through the API, not in those of the OAuth endpoints.
    event_id: isOAuth ? undefined : randomUUID(),
    token_use: 'id',
    ...timesOf(issuance, options.authTime),
    jti: randomUUID(),
    ...readableAttributesOf(user, scopes),
  };
}

/** The claims of a machine's access token: no user, no groups, no session. */
export function machineClaims(issuance: Issuance, scopes: readonly string[]): TokenClaims {
  const { clientId } = issuance.client;
  return {
    sub: clientId,
    token_use: 'access',
    scope: scopeOf(scopes),
    ...timesOf(issuance, undefined),
    iss: issuance.issuer,
    version: 2,
    jti: randomUUID(),
    client_id: clientId,
  };
}

/** Seconds since 1970, as in tokens. */
export function secondsOf(time: Date | number): number {
  return typeof time === 'number' ? time : Math.floor(time.getTime() / 1000);
}

function timesOf({ issuedAt, expiresAt }: Issuance, authTime: Date | number = issuedAt) {
  return { auth_time: secondsOf(authTime), exp: expiresAt, iat: issuedAt };
}

function scopeOf(scopes: readonly string[]): string | undefined {
  return scopes.length > 0 ? scopes.join(' ') : undefined;
}

function nonEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length > 0 ? list : undefined;
}

// OpenID Connect Core §3.1.3.6: the left half of the hash, for RS256 a SHA-256.
function atHashOf(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
}

const ATTRIBUTES_OF_SCOPE = new Map([
  ['email', ['email', 'email_verified']],
  ['phone', ['phone_number', 'phone_number_verified']],
]);

/**
 * The attributes of a user that an app client may read with these scopes: `openid` alone and
 * `profile` open all, `email` and `phone` narrow `openid` to theirs.
 */
export function readableAttributesOf(user: LocalUser, scopes: readonly string[] = []): TokenClaims {
  const readable = scopes.flatMap((scope) => ATTRIBUTES_OF_SCOPE.get(scope) ?? []);
  if (readable.length === 0 || scopes.includes('profile')) return user.attributes;

  return Object.fromEntries(
    Object.entries(user.attributes).filter(([name]) => readable.includes(name)),
  );
}
