import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import passport from 'passport';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import { expired, secondsNow } from '../token/expiry.js';
import { createCognitoStrategy } from './cognito.strategy.js';
import type { Verification } from './cognito.strategy.js';
import { invalidSignature } from './signature.js';
import type { UserPools } from './user-pools.js';
import type { VerifiedToken } from './verified-tokens.js';

/**
 * Nest's Passport guard around the strategy of one registration.
 *
 * What Passport takes for the request is one verification of one token: it writes to its request,
 * and a request of the application must not see that, nor share it with another.
 */
export class PassportGate {
  private readonly name = `cognito-auth:${randomUUID()}`;
  private readonly guard = new VerificationGuard({ defaultStrategy: this.name, session: false });

  constructor(options: ResolvedOptions, userPools: UserPools) {
    createCognitoStrategy(this.name, options, userPools);
  }

  async verify(token: string): Promise<VerifiedToken> {
    const verification: Verification = { token };
    await this.guard.canActivate(verification as unknown as ExecutionContext);
    return verification.user as VerifiedToken;
  }

  /** Takes the strategy out of Passport again. */
  close(): void {
    passport.unuse(this.name);
  }
}

class VerificationGuard extends AuthGuard() {
  override getRequest(context: ExecutionContext): unknown {
    return context;
  }

  getResponse(): unknown {
    return undefined;
  }

  override handleRequest<T>(error: unknown, verified: T, reason: unknown): T {
    if (error) throw error;
    if (verified) return verified;
    throw refusalOf(reason);
  }
}

/** jsonwebtoken tells its refusals apart by name and by text. */
function refusalOf(reason: unknown): CognitoAuthError {
  const { name, message, expiredAt } = reason as Error & { expiredAt?: Date };
  if (name === 'TokenExpiredError') {
    return expired(Number(expiredAt) / 1000, secondsNow());
  }
  if (name === 'NotBeforeError') {
    return new CognitoAuthError('token_not_active', 'The token is not active yet (claim nbf)');
  }
  if (message === 'invalid signature') return invalidSignature(reason);
  return new CognitoAuthError('malformed_token', 'The token cannot be verified', { cause: reason });
}
