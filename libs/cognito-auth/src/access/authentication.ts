import { IncomingMessage } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { TokenVerifier } from '../strategy/token-verifier.js';
import type { VerifiedToken } from '../strategy/verified-tokens.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { guardedRequestOf, requestOf } from '../transport/request-of.js';
import type { RequestLike } from '../transport/request-of.js';
import type { AccessRules } from './access-rules.js';
import type { RequestTokens } from './request-tokens.js';

/**
 * What one registration found out about the sender of one request.
 *
 * It belongs to the request, so that the token is verified once however many guards run.
 */
export interface Authentication {
  readonly verifier: TokenVerifier;
  readonly request: RequestLike;
  /** Those that the token was chosen for, of a request that may have several. */
  readonly userPools?: AccessRules['userPools'];
  /** What another registration found out about the same request before. */
  readonly earlier?: Authentication;
  /** `null` when the request has none; absent until it is found. */
  token?: string | null;
  /** `null` without a good token; a promise until it is verified. */
  verified: VerifiedToken | null | Promise<VerifiedToken | null>;
  /** Why the token was refused, if that was clear at once. */
  refusal?: CognitoAuthError;
  /** Whether a strategy of Passport admitted the sender: the guard has to find out for itself. */
  readonly byPassport?: boolean;
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

/** What a class extends that gives its private fields to an object which exists already. */
const Existing = function returned(object: object) {
  return object;
} as unknown as new (object: object) => object;

/**
 * The records of a request, in a private field: no copy and no log shows them, and a WeakMap or a
 * defined property would cost every request 1 to 2 µs.
 *
 * It is a field of the request; or of the list of raw headers, which Node makes for each of its own
 * requests: Express gives those another prototype, and from then on each property that is new to one
 * costs 3 to 6 µs.
 */
class Recorded extends Existing {
  #latest: Authentication;

  private constructor(carrier: object, latest: Authentication) {
    super(carrier);
    this.#latest = latest;
  }

  static latestOf(request: RequestLike): Authentication | undefined {
    const carrier = Recorded.carrierOf(request);
    return #latest in carrier ? carrier.#latest : undefined;
  }

  static record(authentication: Authentication): void {
    const carrier = Recorded.carrierOf(authentication.request);
    if (#latest in carrier) carrier.#latest = authentication;
    // oxlint-disable-next-line no-new -- what comes out is the carrier
    else new Recorded(carrier, authentication);
  }

  private static carrierOf(request: RequestLike): object {
    const rawHeaders = request instanceof IncomingMessage ? request.rawHeaders : undefined;
    if (!Array.isArray(rawHeaders)) return request;
    // Whoever makes a request out of another one leaves it the same list.
    const isOfAnother = #latest in rawHeaders && rawHeaders.#latest.request !== request;
    return isOfAnother ? request : rawHeaders;
  }
}

/**
 * Finds and verifies the token of a request, or takes what was found out before: a bad token is
 * verified once, too, however many fields of a GraphQL operation ask.
 *
 * A refusal that is clear at once is kept and not thrown: unwinding the stack is a good part of
 * what a flood of bad tokens costs.
 *
 * Where the route chooses among tokens, a guard may choose again after a middleware; but all fields
 * of a GraphQL operation, which run side by side, have the caller of the first one.
 *
 * @throws CognitoAuthError when no token can be read
 */
export function authenticationOf(
  context: ExecutionContext,
  verifier: TokenVerifier,
  tokens: RequestTokens,
  rules: AccessRules,
): Authentication {
  const request = requestOf(context);
  const userPools = tokens.dependOnRoute ? rules.userPools : undefined;
  const earlier = Recorded.latestOf(request);
  for (let known = earlier; known; known = known.earlier) {
    if (known.verifier !== verifier || known.byPassport) continue;
    if (known.userPools === userPools || context.getType<string>() === 'graphql') return known;
  }
  const token = tokens.of(request, userPools);
  const authentication: Authentication = {
    verifier,
    request,
    userPools,
    earlier,
    token: undefined,
    verified: null,
    refusal: undefined,
    caller: undefined,
  };
  authentication.verified =
    token instanceof Promise
      ? token.then((found) => verifiedOf(authentication, tokens, found))
      : verifiedOf(authentication, tokens, token);
  Recorded.record(authentication);
  return authentication;
}

function verifiedOf(authentication: Authentication, tokens: RequestTokens, token: string | null) {
  authentication.token = token;
  if (token === null) return null;
  const { request, verifier } = authentication;
  try {
    const verified = verifier.verify(token);
    if (verified instanceof Promise) {
      return verified.catch((error: unknown) => {
        throw tokens.refusalOf(error, request, token);
      });
    }
    if (!(verified instanceof CognitoAuthError)) return verified;
    authentication.refusal = tokens.refusalOf(verified, request, token);
  } catch (error) {
    authentication.refusal = tokens.refusalOf(error, request, token);
  }
  return null;
}

/** What the last guard with a token found out, or the last without one; for parameter decorators. */
export function lastAuthenticationOf(context: ExecutionContext): Authentication | undefined {
  const request = guardedRequestOf(context);
  const last = request && (Recorded.latestOf(request) ?? latestOfRaw(request));
  for (let known = last; known; known = known.earlier) {
    if (known.verified !== null || known.refusal) return known;
  }
  return last;
}

/** What was found out about the request of Node that one of Fastify is of, as in a middleware. */
function latestOfRaw({ raw }: RequestLike): Authentication | undefined {
  return typeof raw === 'object' && raw !== null
    ? Recorded.latestOf(raw as RequestLike)
    : undefined;
}

/** Notes whom a strategy of Passport admitted, for parameter decorators. */
export function recordAdmission(
  request: RequestLike,
  verifier: TokenVerifier,
  token: string,
  verified: VerifiedToken,
  principal: CognitoPrincipal,
): void {
  const earlier = Recorded.latestOf(request);
  const caller = { principal, user: principal };
  Recorded.record({ verifier, request, earlier, token, verified, caller, byPassport: true });
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
