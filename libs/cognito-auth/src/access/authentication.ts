import type { ExecutionContext } from '@nestjs/common';
import type { TokenVerifier } from '../strategy/token-verifier.js';
import type { VerifiedToken } from '../strategy/verified-tokens.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { requestOf } from '../transport/request-of.js';
import { extractToken } from '../transport/token-extractors.js';

/**
 * What one registration found out about the sender of one request.
 *
 * It belongs to the request, so that the token is verified once however many guards run.
 */
export interface Authentication {
  readonly verifier: TokenVerifier;
  /** `null` when the request has none. */
  readonly token: string | null;
  /** Absent without a token; a promise until it is verified. */
  verified?: VerifiedToken | Promise<VerifiedToken>;
  /** Absent until a route accepts the token; a promise until the hooks have answered. */
  caller?: Caller | Promise<Caller>;
}

/** Who sent the request, to the application. */
export interface Caller {
  readonly principal: CognitoPrincipal;
  /** What the identity hook returned, else the principal. */
  readonly user: unknown;
  /** What the permissions hook returned, once it was asked. */
  permissions?: Promise<readonly string[]>;
}

const authentications = new WeakMap<object, Authentication[]>();

/** Finds and verifies the token of a request, or takes what was found out before. */
export function authenticationOf(context: ExecutionContext, verifier: TokenVerifier) {
  const request = requestOf(context);
  let ofRequest = authentications.get(request);
  if (!ofRequest) authentications.set(request, (ofRequest = []));
  const known = ofRequest.find((authentication) => authentication.verifier === verifier);
  if (known) return known;
  const authentication = authenticate(request, verifier);
  ofRequest.push(authentication);
  return authentication;
}

function authenticate(request: object, verifier: TokenVerifier): Authentication {
  const token = extractToken(verifier.options.tokenFrom, request);
  const authentication: Authentication = { verifier, token };
  if (token === null) return authentication;
  const verified = verifier.verify(token);
  authentication.verified = verified;
  return authentication;
}

/** What the last guard with a token found out, or the last without one; for parameter decorators. */
export function lastAuthenticationOf(context: ExecutionContext): Authentication | undefined {
  const ofRequest = authentications.get(requestOf(context));
  return ofRequest?.findLast(({ verified }) => verified !== undefined) ?? ofRequest?.at(-1);
}

/** What the token of the request proves, once it is verified. */
export function lastVerifiedOf(context: ExecutionContext): VerifiedToken | undefined {
  const verified = lastAuthenticationOf(context)?.verified;
  return verified instanceof Promise ? undefined : verified;
}

/** The principal of the request, once its guard has accepted the token. */
export function principalOfRequest(context: ExecutionContext): CognitoPrincipal | undefined {
  const caller = lastAuthenticationOf(context)?.caller;
  return caller && !(caller instanceof Promise) ? caller.principal : undefined;
}
