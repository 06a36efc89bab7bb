import { HttpException, Inject, Injectable, Logger } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { CognitoAuthError, CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { refusalIn } from '../transport/refusals.js';
import { requestOf } from '../transport/request-of.js';
import { setResponseHeader } from '../transport/response-headers.js';
import { isEvent } from '../transport/rpc-refusals.js';
import { SocketMessage } from '../transport/socket-message.js';
import { ACCESS_CONTROL } from './access-control.js';
import type { AccessControl } from './access-control.js';
import { scopesIn } from './access-rules.js';
import { lastAuthenticationOf, lastVerifiedOf } from './authentication.js';
import { COPY, isOfAnotherCopy, THIS_COPY, TWO_COPIES } from './copies.js';
import { accessRulesOf, COGNITO_GUARD } from './rule-metadata.js';

/**
 * Admits a request that carries a valid Cognito token and satisfies the rules of its route.
 *
 * Answers 401 or 403 with a challenge and a code otherwise, and 503 when the signing keys cannot
 * be had, or a hook of the application failed.
 *
 * @example `@UseGuards(CognitoGuard)`
 */
@Injectable()
export class CognitoGuard implements CanActivate {
  /** @internal */
  static readonly [COGNITO_GUARD] = true;

  /** @internal */
  static readonly [COPY]: symbol = THIS_COPY;

  private readonly logger = new Logger(CognitoGuard.name);
  private readonly unsupported = new Set<string>();

  /** @internal */
  readonly access: AccessControl;

  /** @throws CognitoAuthOptionsError when the module is that of another copy of the library */
  constructor(@Inject(ACCESS_CONTROL) access: AccessControl) {
    if (isOfAnotherCopy(access)) throw new CognitoAuthOptionsError([TWO_COPIES]);
    this.access = access;
  }

  /**
   * Admits or throws: at once where nothing has to be waited for, or else by a promise. A guard that
   * composes this one calls it in an `async` function and awaits it there, or begins with
   * `Promise.resolve().then(() => guard.canActivate(context))`; what it throws is then a rejection.
   *
   * @throws CognitoAuthError
   */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const decision = this.decide(context);
    // Thrown, not promised: a guard that calls this one and does not wait lets nobody in.
    if (decision instanceof Refused) throw decision.error;
    return decision;
  }

  private decide(context: ExecutionContext): true | Refused | Promise<true> {
    const rules = accessRulesOf(context.getHandler(), context.getClass());
    if (rules.mode === 'public') return true;
    let refusal: unknown;
    try {
      const admitted = this.access.admit(context, rules);
      if (admitted === true) return true;
      if (admitted instanceof Promise) {
        return admitted.catch((error: unknown) => this.refuse(context, error));
      }
      refusal = admitted;
    } catch (error) {
      refusal = error;
    }
    if (context.getType() !== 'http') return this.refuse(context, refusal);
    this.report(context, refusal);
    return new Refused(refusal);
  }

  private async refuse(context: ExecutionContext, error: unknown): Promise<never> {
    this.report(context, error);
    if (context.getType() === 'rpc') this.logEvent(context, error);
    throw await refusalIn(context, error);
  }

  private report(context: ExecutionContext, error: unknown): void {
    if (!(error instanceof CognitoAuthError)) return;
    if (error.code === 'unsupported_context') return this.reportContext(context, error);
    const { token } = lastAuthenticationOf(context) ?? {};
    this.access.refusals.note(error, lastVerifiedOf(context)?.principal, token);
    if (context.getType() === 'http') this.setHeaders(context, error);
    else this.tellConnection(context, error);
  }

  private setHeaders(context: ExecutionContext, error: CognitoAuthError): void {
    const { scopes } = accessRulesOf(context.getHandler(), context.getClass());
    if (scopes) error.nameScopes(scopesIn(scopes));
    const challenge = error.challenge(this.access.verifier.options.realm);
    if (challenge) setResponseHeader(context, 'WWW-Authenticate', challenge);
    if (error.retryAfter) setResponseHeader(context, 'Retry-After', String(error.retryAfter));
  }

  private tellConnection(context: ExecutionContext, error: CognitoAuthError): void {
    const request = requestOf(context);
    if (!(request instanceof SocketMessage)) return;
    this.access.connectionTokens.refused(request.connection, error);
  }

  // Nobody else learns of it: an event has no answer, and a broker drops what is refused for good.
  private logEvent(context: ExecutionContext, error: unknown): void {
    if (!(error instanceof HttpException) || !isEvent(context)) return;
    const { code } = error as Partial<CognitoAuthError>;
    const { jti, sub, userPool } = lastVerifiedOf(context)?.principal ?? {};
    const handler = `${context.getClass().name}.${context.getHandler().name}`;
    const statusCode = error.getStatus();
    this.logger.log({ message: 'Event refused', handler, statusCode, code, jti, sub, userPool });
  }

  // Whoever wrote the handler has to know, once; callers cannot do anything about it.
  private reportContext(context: ExecutionContext, { message, cause }: CognitoAuthError): void {
    if (this.unsupported.has(message)) return;
    this.unsupported.add(message);
    const handler = `${context.getClass().name}.${context.getHandler().name}`;
    const remedy = typeof cause === 'string' ? cause : UNKNOWN_CONTEXT;
    this.logger.error(`${message}: ${handler} is refused. To change that, ${remedy}`);
  }
}

/** A refusal as a value: V8 optimizes no function that only ever throws, so just one does. */
class Refused {
  constructor(readonly error: unknown) {}
}

const UNKNOWN_CONTEXT =
  'mark the handler @Public() and verify its token with CognitoAuthService.verify(): CognitoGuard ' +
  'knows http, graphql, ws and rpc';
