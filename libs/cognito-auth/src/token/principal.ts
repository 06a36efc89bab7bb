import { LRUCache } from 'lru-cache';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoClaims, TokenUse } from './claims.js';

interface CommonPrincipal {
  /** The app client that the token was issued for. */
  readonly clientId: string;
  readonly userPoolId: string;
  /** The name that the user pool has in the options; its id when it has none. */
  readonly userPool: string;
  readonly tokenUse: TokenUse;
  /** From `cognito:groups`, in their own case; empty when there are none. */
  readonly groups: readonly string[];
  /** From `scope`; empty for ID tokens. */
  readonly scopes: readonly string[];
  /** From `iat`; the start of 1970 when the token does not say. */
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** When the user last signed in with a credential; refreshing does not change it. */
  readonly authTime?: Date;
  /** The id of this token. */
  readonly jti?: string;
  /** The id of the session: all tokens that descend from one sign-in share it. */
  readonly originJti?: string;
  readonly deviceKey?: string;
  /** The `custom:` claims that are strings, without their prefix: `custom:tenant` is `tenant`. */
  readonly customAttributes: Readonly<Record<string, string>>;
  /** The payload as Cognito sent it. */
  readonly claims: CognitoClaims;
}

/** A person: the holder of an ID token, or of an access token with a `username`. */
export interface CognitoUser extends CommonPrincipal {
  readonly kind: 'user';
  readonly sub: string;
  /** `username` of an access token, `cognito:username` of an ID token. */
  readonly username: string;
  readonly email?: string;
  /** Only when the claim is a JSON boolean. */
  readonly emailVerified?: boolean;
  readonly name?: string;
}

/** A machine: the holder of an access token from the client credentials grant. */
export interface CognitoClient extends CommonPrincipal {
  readonly kind: 'client';
  readonly sub?: string;
}

/** Who sent a verified token; `kind` tells a person from a machine. */
export type CognitoPrincipal = CognitoUser | CognitoClient;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Partial<Omit<CognitoUser, 'kind'>>> & { kind: 'user' | 'client' };

/** Cognito's own claims are flat; a trigger may add objects, but nothing like this deep. */
const MAX_DEPTH = 32;

/**
 * The principal that checked claims describe, as a new, deeply frozen object.
 *
 * @throws CognitoAuthError `malformed_token` when a claim is nested more than 32 levels deep
 */
export function principalOf(
  claims: CognitoClaims,
  pool: { readonly name: string; readonly userPoolId: string },
): CognitoPrincipal {
  const isIdToken = claims.token_use === 'id';
  const username = own(claims, isIdToken ? 'cognito:username' : 'username');
  const groups = own(claims, 'cognito:groups');
  const principal: Draft = {
    kind: username === undefined ? 'client' : 'user',
    clientId: own(claims, isIdToken ? 'aud' : 'client_id'),
    userPoolId: pool.userPoolId,
    userPool: pool.name,
    tokenUse: claims.token_use,
    // Frozen with the claims below.
    groups: groups ?? NOTHING,
    scopes: scopesOf(own(claims, 'scope')),
    customAttributes: customAttributesOf(claims),
    claims: deepFreeze(claims, 1),
  };
  if (username !== undefined) {
    principal.username = username;
    addProfile(principal, claims);
  }
  addIds(principal, claims);
  Object.defineProperty(principal, 'issuedAt', ISSUED_AT);
  Object.defineProperty(principal, 'expiresAt', EXPIRES_AT);
  if (Object.hasOwn(claims, 'auth_time')) Object.defineProperty(principal, 'authTime', AUTH_TIME);
  return Object.freeze(principal) as CognitoPrincipal;
}

// Freezing does not stop `setTime()`, so every reader gets a Date of its own. All principals share
// the functions that make it: with functions of their own, no two would have the same hidden class.
const ISSUED_AT = dateFrom('iat');
const EXPIRES_AT = dateFrom('exp');
const AUTH_TIME = dateFrom('auth_time');

function dateFrom(claim: 'iat' | 'exp' | 'auth_time'): PropertyDescriptor & ThisType<Draft> {
  return {
    enumerable: true,
    get() {
      const { claims } = this as CognitoPrincipal;
      return new Date((own(claims, claim) ?? 0) * 1000);
    },
  };
}

/** The same principal with other groups, as a new frozen object. */
export function withGroups(
  principal: CognitoPrincipal,
  groups: readonly string[],
): CognitoPrincipal {
  const members = Object.getOwnPropertyDescriptors(principal);
  const value = Object.freeze([...groups]);
  return Object.freeze(
    Object.defineProperties({}, { ...members, groups: { enumerable: true, value } }),
  ) as CognitoPrincipal;
}

function own<K extends keyof CognitoClaims>(claims: CognitoClaims, name: K) {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function addIds(principal: Draft, claims: CognitoClaims): void {
  if (Object.hasOwn(claims, 'sub')) principal.sub = claims.sub;
  if (Object.hasOwn(claims, 'jti')) principal.jti = claims.jti;
  if (Object.hasOwn(claims, 'origin_jti')) principal.originJti = claims.origin_jti;
  if (Object.hasOwn(claims, 'device_key')) principal.deviceKey = claims.device_key;
}

/** A profile claim of another type (a trigger may make it one) stays out: it is never coerced. */
function addProfile(principal: Draft, claims: CognitoClaims): void {
  const email = own(claims, 'email');
  const emailVerified = own(claims, 'email_verified');
  const name = own(claims, 'name');
  if (typeof email === 'string') principal.email = email;
  if (typeof emailVerified === 'boolean') principal.emailVerified = emailVerified;
  if (typeof name === 'string') principal.name = name;
}

// Most tokens are without groups, scopes or custom attributes, and thousands are remembered.
const NOTHING: readonly never[] = Object.freeze([]);
const NO_ATTRIBUTES: Readonly<Record<string, string>> = Object.freeze({});

/** The lists of scopes that were seen before; an app client asks for the same ones again and again. */
const scopeLists = new LRUCache<string, readonly string[]>({ max: 100 });

function scopesOf(scope: string | undefined): readonly string[] {
  if (scope === undefined) return NOTHING;
  let scopes = scopeLists.get(scope);
  if (!scopes) {
    scopes = Object.freeze(scope.split(' ').filter((name) => name !== ''));
    scopeLists.set(scope, scopes);
  }
  return scopes;
}

function customAttributesOf(claims: CognitoClaims): Readonly<Record<string, string>> {
  let attributes: Record<string, string> | undefined;
  for (const name of Object.keys(claims)) {
    const value = claims[name];
    if (!name.startsWith('custom:') || typeof value !== 'string') continue;
    attributes ??= {};
    // An assignment to `__proto__` would not make a member.
    Object.defineProperty(attributes, name.slice('custom:'.length), { enumerable: true, value });
  }
  return attributes ? Object.freeze(attributes) : NO_ATTRIBUTES;
}

/** Freezes parsed JSON, which has no cycles. */
function deepFreeze<T extends object>(value: T, depth: number): T {
  if (depth > MAX_DEPTH) {
    throw new CognitoAuthError(
      'malformed_token',
      `The claims of the token are nested more than ${MAX_DEPTH} levels deep`,
    );
  }
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const member of members) {
    if (typeof member === 'object' && member !== null) deepFreeze(member, depth + 1);
  }
  return Object.freeze(value);
}
