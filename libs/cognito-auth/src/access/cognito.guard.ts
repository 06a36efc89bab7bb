import { Inject, Injectable, Logger } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { TokenVerifier } from '../strategy/token-verifier.js';
import type { VerifiedToken } from '../strategy/verified-tokens.js';
import { requestOf, setResponseHeader } from '../transport/request-of.js';
import { checkAccess } from './access-rules.js';
import type { AccessRules } from './access-rules.js';
import { authenticationOf, isPending } from './authentication.js';
import type { Authentication } from './authentication.js';
import { accessRulesOf, COGNITO_GUARD } from './rule-metadata.js';

/**
 * Admits a request that carries a valid Cognito token and satisfies the rules of its route.
 *
 * Answers 401 or 403 with a challenge and a code otherwise, and 503 when the signing keys cannot
 * be had. A token that was verified before is admitted without waiting for a promise.
 *
 * @example `@UseGuards(CognitoGuard)`
 */
@Injectable()
export class CognitoGuard implements CanActivate {
  /** @internal */
  static readonly [COGNITO_GUARD] = true;

  private readonly logger = new Logger(CognitoGuard.name);

  constructor(@Inject(TokenVerifier) private readonly verifier: TokenVerifier) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const rules = accessRulesOf(context.getHandler(), context.getClass());
    if (rules.mode === 'public') return true;
    try {
      const authentication = authenticationOf(context, this.verifier);
      const { verified } = authentication;
      if (!verified) return this.admitAnonymous(rules);
      if (isPending(verified)) return this.admitLater(context, rules, authentication, verified);
      return this.admit(context, rules, verified);
    } catch (error) {
      throw this.refusal(context, error);
    }
  }

  private admitAnonymous(rules: AccessRules): boolean {
    if (rules.mode === 'optional') return true;
    throw new CognitoAuthError('missing_token', 'The request has no token; this route needs one');
  }

  private async admitLater(
    context: ExecutionContext,
    rules: AccessRules,
    authentication: Authentication,
    pending: Promise<VerifiedToken>,
  ): Promise<boolean> {
    try {
      const verified = await pending;
      authentication.verified = verified;
      return this.admit(context, rules, verified);
    } catch (error) {
      throw this.refusal(context, error);
    }
  }

  private admit(context: ExecutionContext, rules: AccessRules, verified: VerifiedToken): boolean {
    const { principal, pool } = verified;
    try {
      checkAccess(principal, rules, pool.tokenUse);
    } catch (error) {
      this.logRefusal(error, verified);
      throw error;
    }
    requestOf(context)[this.verifier.options.property] = principal;
    return true;
  }

  private refusal(context: ExecutionContext, error: unknown): unknown {
    if (!(error instanceof CognitoAuthError)) return error;
    const challenge = error.challenge(this.verifier.options.realm);
    if (context.getType() !== 'http') return error;
    if (challenge) setResponseHeader(context, 'WWW-Authenticate', challenge);
    if (error.retryAfter) setResponseHeader(context, 'Retry-After', String(error.retryAfter));
    return error;
  }

  // Only what a verified token says is fit for a log; and only its holder can fill the log.
  private logRefusal(error: unknown, { principal }: VerifiedToken): void {
    if (!(error instanceof CognitoAuthError)) return;
    const { jti, sub, userPool } = principal;
    this.logger.debug({ message: 'Refused', code: error.code, jti, sub, userPool });
  }
}
