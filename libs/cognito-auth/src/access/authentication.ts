import type { ExecutionContext } from '@nestjs/common';
import type { TokenVerifier } from '../strategy/token-verifier.js';
import type { VerifiedToken } from '../strategy/verified-tokens.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { guardedRequestOf, requestOf } from '../transport/request-of.js';
import type { RequestLike } from '../transport/request-of.js';
import { SocketMessage } from '../transport/socket-message.js';
import { extractToken } from '../transport/token-extractors.js';
import { chain } from './chain.js';
import type { ConnectionTokens } from './connection-tokens.js';

/**
 * What one registration found out about the sender of one request.
 *
 * It belongs to the request, so that the token is verified once however many guards run.
 */
export interface Authentication {
  readonly verifier: TokenVerifier;
  readonly request: RequestLike;
  /** What another registration found out about the same request before. */
  readonly earlier?: Authentication;
  /** `null` when the request has none; absent until it is found. */
  token?: string | null;
  /** `null` without a token; a promise until it is verified. */
  verified: VerifiedToken | null | Promise<VerifiedToken | null>;
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

const LATEST = Symbol('cognito-auth:authentication');

/** A request carries its records itself: those of a WeakMap would cost it 2 µs of garbage collection. */
interface Carrier {
  [LATEST]?: Authentication;
}

/** Finds and verifies the token of a request, or takes what was found out before. */
export function authenticationOf(
  context: ExecutionContext,
  verifier: TokenVerifier,
  connectionTokens: ConnectionTokens,
): Authentication {
  const request = requestOf(context);
  const earlier = latestOf(request);
  for (let known = earlier; known; known = known.earlier) {
    if (known.verifier === verifier) return known;
  }
  const authentication: Authentication = {
    verifier,
    request,
    earlier,
    token: undefined,
    verified: null,
    caller: undefined,
  };
  authentication.verified = chain(tokenOf(request, verifier, connectionTokens), (token) => {
    authentication.token = token;
    return token === null ? null : verifier.verify(token);
  });
  // Not enumerable, so that neither a copy nor a log of the request shows it.
  Object.defineProperty(request, LATEST, { value: authentication, configurable: true });
  return authentication;
}

/** What was found out about this very request, not about one that it inherits from. */
function latestOf(request: Carrier | undefined): Authentication | undefined {
  const latest = request?.[LATEST];
  return latest?.request === request ? latest : undefined;
}

function tokenOf(request: object, verifier: TokenVerifier, connectionTokens: ConnectionTokens) {
  if (request instanceof SocketMessage) {
    const token = connectionTokens.of(request.connection);
    if (token !== undefined) return token;
  }
  return extractToken(verifier.options.tokenFrom, request);
}

/** What the last guard with a token found out, or the last without one; for parameter decorators. */
export function lastAuthenticationOf(context: ExecutionContext): Authentication | undefined {
  const last = latestOf(guardedRequestOf(context));
  for (let known = last; known; known = known.earlier) {
    if (known.verified !== null) return known;
  }
  return last;
}

/** What the token of the request proves, once it is verified. */
export function lastVerifiedOf(context: ExecutionContext): VerifiedToken | undefined {
  const verified = lastAuthenticationOf(context)?.verified;
  return !verified || verified instanceof Promise ? undefined : verified;
}

/** The principal of the request, once its guard has accepted the token. */
export function principalOfRequest(context: ExecutionContext): CognitoPrincipal | undefined {
  const caller = lastAuthenticationOf(context)?.caller;
  return caller && !(caller instanceof Promise) ? caller.principal : undefined;
}
