/** What a Cognito token is for: the claim `token_use`. */
export type TokenUse = 'access' | 'id';

/** The kinds of token that a resource server can verify. */
export const TOKEN_USES: readonly TokenUse[] = ['access', 'id'];

/**
 * The payload of a verified token, as Cognito sent it.
 *
 * The set of claims is open: a pre token generation trigger can add any. Extend this interface by
 * declaration merging to give your own claims a type.
 */
export interface CognitoClaims {
  readonly iss: string;
  readonly token_use: TokenUse;
  readonly exp: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly auth_time?: number;
  readonly sub?: string;
  readonly client_id?: string;
  readonly aud?: string;
  readonly username?: string;
  readonly 'cognito:username'?: string;
  readonly 'cognito:groups'?: readonly string[];
  readonly scope?: string;
  readonly jti?: string;
  readonly origin_jti?: string;
  readonly device_key?: string;
  readonly [claim: string]: unknown;
}

/** A JSON object as parsed from a token: nothing is known about its members. */
export type JsonObject = Record<string, unknown>;

/** The value of a member of the object itself, never one that it inherits. */
export function memberOf(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
