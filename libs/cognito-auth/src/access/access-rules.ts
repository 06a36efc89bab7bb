import type { ExecutionContext, Type } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { TokenUse } from '../token/claims.js';
import type { CognitoPrincipal } from '../token/principal.js';
import type { AccessCheck } from './hooks.js';

/** Which groups open a route; all lists that are given must hold. */
export interface GroupsRule {
  /** At least one of these. */
  readonly any?: readonly string[];
  /** Every one of these. */
  readonly all?: readonly string[];
  /** Not one of these. */
  readonly none?: readonly string[];
}

/** Which scopes open a route; all lists that are given must hold. */
export interface ScopesRule {
  /** At least one of these. */
  readonly any?: readonly string[];
  /** Every one of these. */
  readonly all?: readonly string[];
}

/** A function that decides over a caller; the user of the application is on the request. */
export type AccessPolicy = (
  principal: CognitoPrincipal,
  context: ExecutionContext,
) => boolean | Promise<boolean>;

/** A policy of one's own, and what the client is told when it refuses. */
export interface CheckRule {
  readonly policy: AccessPolicy | Type<AccessCheck>;
  readonly message?: string;
}

/**
 * Who may come in: anybody, without a look at the token; anybody without a token and those with a
 * good one; only those with a good one.
 */
export type AccessMode = 'public' | 'optional' | 'required';

/** What a route asks of its callers. */
export interface AccessRules {
  readonly mode: AccessMode;
  /** The names of the user pools whose tokens are accepted; every one when absent. */
  readonly userPools?: readonly string[];
  /** The kinds of token that are accepted; what the user pool says when absent. */
  readonly tokenUse?: readonly TokenUse[];
  readonly principal?: CognitoPrincipal['kind'];
  readonly groups?: GroupsRule;
  readonly scopes?: ScopesRule;
  /** What the caller must be permitted, by the `permissions` hook. */
  readonly permissions?: readonly string[];
  readonly checks?: readonly CheckRule[];
}

const NAMES: Record<TokenUse, string> = { access: 'an access token', id: 'an ID token' };

/**
 * Refuses a token of a kind or of a user pool that a route does not accept.
 *
 * @param defaultTokenUse the kinds of token that the user pool of the principal accepts
 * @throws CognitoAuthError 401
 */
export function checkToken(
  principal: CognitoPrincipal,
  rules: AccessRules,
  defaultTokenUse: readonly TokenUse[],
): void {
  if (rules.userPools && !rules.userPools.includes(principal.userPool)) {
    throw new CognitoAuthError(
      'wrong_issuer',
      'The token was issued by another user pool than this route accepts',
    );
  }
  const accepted = rules.tokenUse ?? defaultTokenUse;
  if (accepted.includes(principal.tokenUse)) return;
  const expected = accepted.map((tokenUse) => NAMES[tokenUse]).join(' or ');
  throw new CognitoAuthError(
    'wrong_token_use',
    `The token is ${NAMES[principal.tokenUse]}; this route accepts ${expected}`,
  );
}

/**
 * Refuses a principal that does not satisfy the rules of a route which its token alone can answer.
 *
 * @throws CognitoAuthError 403
 */
export function checkPrincipal(principal: CognitoPrincipal, rules: AccessRules): void {
  if (rules.principal && principal.kind !== rules.principal) throw wrongPrincipal(rules.principal);
  if (rules.scopes) checkScopes(principal.scopes, rules.scopes);
  if (rules.groups && !satisfies(principal.groups, rules.groups)) {
    throw new CognitoAuthError(
      'insufficient_group',
      'The caller is not in the groups that this route asks for',
    );
  }
}

/**
 * Refuses a caller who lacks one of the permissions that a route asks for.
 *
 * @throws CognitoAuthError `insufficient_permission`
 */
export function checkPermissions(held: readonly string[], needed: readonly string[]): void {
  if (satisfies(held, { all: needed })) return;
  throw new CognitoAuthError(
    'insufficient_permission',
    'The caller does not have the permissions that this route asks for',
  );
}

function wrongPrincipal(expected: CognitoPrincipal['kind']): CognitoAuthError {
  const message =
    expected === 'user'
      ? 'This route is for users, not for machines'
      : 'This route is for machines (client credentials), not for users';
  return new CognitoAuthError('wrong_principal', message);
}

function checkScopes(held: readonly string[], rule: ScopesRule): void {
  if (satisfies(held, rule)) return;
  throw new CognitoAuthError(
    'insufficient_scope',
    'The token does not carry the scopes that this route asks for',
    { scopes: scopesIn(rule) },
  );
}

/** The scopes that a rule names, for a challenge. */
export function scopesIn({ all = [], any = [] }: ScopesRule): string[] {
  return [...new Set([...all, ...any])];
}

function satisfies(held: readonly string[], { any, all, none }: GroupsRule): boolean {
  if (any && !any.some((name) => held.includes(name))) return false;
  if (all && !all.every((name) => held.includes(name))) return false;
  return !none?.some((name) => held.includes(name));
}
