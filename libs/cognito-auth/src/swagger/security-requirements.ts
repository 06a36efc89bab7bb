import type { OpenAPIObject } from '@nestjs/swagger';
import type { AccessRules } from '../index.js';
import { COGNITO } from './cognito-scheme.js';
import { HOSTED_UI } from './hosted-ui.js';
import type { Operation, SecurityRequirement, SecurityScheme } from './open-api.js';

/** What the tokens of an application are. */
export interface Tokens {
  /** Accepted where the rules name no kind. */
  readonly defaultUse: NonNullable<AccessRules['tokenUse']>;
  /** The scopes that a sign-in from the page can give; absent when there is no sign-in. */
  readonly signInScopes?: readonly string[];
  /** Schemes of the author that send the same token. */
  readonly bearerSchemes: BearerSchemes;
}

/** Names of schemes that put a token into the header Authorization, which has room for one. */
export interface BearerSchemes {
  /** For a token that is at hand. */
  readonly pasted: readonly string[];
  /** OAuth 2.0 and OpenID Connect: ways to get one. */
  readonly signedIn: readonly string[];
}

/**
 * The security of an operation: what the guard asks for, on top of the other schemes that the
 * author wrote.
 *
 * The guard alone decides about the token, whichever scheme the author names for it. Every
 * alternative of other schemes that the author wrote stays an alternative; a token is needed with
 * each of them, or, where it is optional, may be left out of each. Where the guard does not run,
 * another one may take the token of another scheme than Cognito's.
 *
 * @param written by the author, on the operation or for the whole document
 */
export function securityOf(
  rules: AccessRules | undefined,
  tokens: Tokens,
  written: readonly SecurityRequirement[],
): SecurityRequirement[] {
  if (!rules) return besidesToken(written, COGNITO_SCHEMES);
  const { pasted, signedIn } = tokens.bearerSchemes;
  const otherSchemes = besidesToken(written, [...COGNITO_SCHEMES, ...pasted, ...signedIn]);
  if (rules.mode === 'public') return otherSchemes;
  const others = otherSchemes.length > 0 ? otherSchemes : [{}];
  const withToken = tokenRequirementsOf(rules, tokens).flatMap((token) =>
    others.map((other) => ({ ...other, ...token })),
  );
  const withSignIn = without(
    written.filter((one) => Object.keys(one).some((name) => signedIn.includes(name))),
    [...COGNITO_SCHEMES, ...pasted],
  );
  const closed = [...withToken, ...withSignIn];
  return rules.mode === 'optional' ? [...closed, ...others] : closed;
}

/** Finds the author's schemes that send a token as the guard takes it. */
export function bearerSchemesOf({ components }: Pick<OpenAPIObject, 'components'>): BearerSchemes {
  // `@ApiBearerAuth()` uses this name whether the document declares it or not.
  const declared = { bearer: BEARER, ...components?.securitySchemes };
  const schemes = Object.entries(declared).filter(([name]) => !COGNITO_SCHEMES.includes(name));
  const namesOf = (isOne: (scheme: SecurityScheme) => boolean) =>
    schemes.filter(([, scheme]) => !('$ref' in scheme) && isOne(scheme)).map(([name]) => name);
  return {
    pasted: namesOf(isBearer),
    signedIn: namesOf(({ type }) => type === 'oauth2' || type === 'openIdConnect'),
  };
}

/** What the author wrote: the operation's own security, else that of the document. */
export function writtenSecurityOf(
  operation: Operation,
  document: { security?: SecurityRequirement[] },
): SecurityRequirement[] {
  return operation.security ?? document.security ?? [];
}

const COGNITO_SCHEMES = [COGNITO, HOSTED_UI];

const BEARER: SecurityScheme = { type: 'http', scheme: 'bearer' };

function isBearer({ type, scheme, in: place, name }: SecurityScheme): boolean {
  if (type === 'http') return scheme?.toLowerCase() === 'bearer';
  return type === 'apiKey' && place === 'header' && name?.toLowerCase() === 'authorization';
}

/** The alternatives of schemes other than these; none when one of them alone will do. */
function besidesToken(
  written: readonly SecurityRequirement[],
  names: readonly string[],
): SecurityRequirement[] {
  const others = without(written, names);
  return others.every(isEmpty) ? [] : others;
}

/** Distinct alternatives, none of which names one of these schemes. */
function without(
  written: readonly SecurityRequirement[],
  names: readonly string[],
): SecurityRequirement[] {
  const others = written.map((one) =>
    Object.fromEntries(Object.entries(one).filter(([name]) => !names.includes(name))),
  );
  return [...new Map(others.map((other) => [JSON.stringify(other), other])).values()];
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
