import type { AccessRules } from '../index.js';
import { COGNITO } from './cognito-scheme.js';
import { HOSTED_UI } from './hosted-ui.js';
import type { Operation, SecurityRequirement } from './open-api.js';

/** What the tokens of an application are. */
export interface Tokens {
  /** Accepted where the rules name no kind. */
  readonly defaultUse: NonNullable<AccessRules['tokenUse']>;
  /** The scopes that a sign-in from the page can give; absent when there is no sign-in. */
  readonly signInScopes?: readonly string[];
}

/**
 * The security of an operation: what the guard asks for, on top of the other schemes that the
 * author wrote.
 *
 * The guard alone decides about the schemes of Cognito. Every alternative of other schemes that
 * the author wrote stays an alternative; a token is needed with each of them, or, where it is
 * optional, may be left out of each.
 *
 * @param written by the author, on the operation or for the whole document
 */
export function securityOf(
  rules: AccessRules | undefined,
  tokens: Tokens,
  written: readonly SecurityRequirement[],
): SecurityRequirement[] {
  const others = alternativesWithoutCognito(written);
  if (!rules || rules.mode === 'public') return others.every(isEmpty) ? [] : others;
  const withToken = tokenRequirementsOf(rules, tokens).flatMap((token) =>
    others.map((other) => ({ ...other, ...token })),
  );
  return rules.mode === 'optional' ? [...withToken, ...others] : withToken;
}

/** What the author wrote: the operation's own security, else that of the document. */
export function writtenSecurityOf(
  operation: Operation,
  document: { security?: SecurityRequirement[] },
): SecurityRequirement[] {
  return operation.security ?? document.security ?? [];
}

function alternativesWithoutCognito(
  written: readonly SecurityRequirement[],
): SecurityRequirement[] {
  const others = written.map(({ [COGNITO]: _pasted, [HOSTED_UI]: _signedIn, ...other }) => other);
  const distinct = new Map(others.map((other) => [JSON.stringify(other), other]));
  return distinct.size > 0 ? [...distinct.values()] : [{}];
}

function tokenRequirementsOf(rules: AccessRules, tokens: Tokens): SecurityRequirement[] {
  const scopes = scopesOf(rules);
  const pasted = { [COGNITO]: scopes };
  if (!isSignInEnough(rules, tokens)) return [pasted];
  // OpenAPI: no scope that the scheme does not declare.
  const declared = scopes.filter((scope) => tokens.signInScopes?.includes(scope));
  return [pasted, { [HOSTED_UI]: declared }];
}

/** Whether the token that Swagger UI sends after a sign-in, the access token of a user, can do. */
function isSignInEnough(
  { principal, tokenUse, scopes: { any, all = [] } = {} }: AccessRules,
  { defaultUse, signInScopes }: Tokens,
): boolean {
  if (!signInScopes || principal === 'client') return false;
  if (!(tokenUse ?? defaultUse).includes('access')) return false;
  const isGiven = (scope: string) => signInScopes.includes(scope);
  return all.every(isGiven) && any?.some(isGiven) !== false;
}

function scopesOf({ scopes }: AccessRules): string[] {
  return [...(scopes?.all ?? []), ...(scopes?.any ?? [])];
}

function isEmpty(requirement: SecurityRequirement): boolean {
  return Object.keys(requirement).length === 0;
}
