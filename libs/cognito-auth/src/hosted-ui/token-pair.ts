import { Inject, Injectable } from '@nestjs/common';
import { CognitoAuthError, RegisteredCognitoAuthService } from '../index.js';
import type { CognitoAuthService, CognitoUser } from '../index.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';

/** Who the two tokens of a session speak for. */
export interface VerifiedPair {
  /** What the access token proves. */
  readonly user: CognitoUser;
  /** What the ID token proves. */
  readonly identity: CognitoUser;
}

/** The tokens of one session, which have to be about the same user. */
@Injectable()
export class TokenPair {
  constructor(
    @Inject(RegisteredCognitoAuthService) private readonly auth: CognitoAuthService,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
  ) {}

  /**
   * Verifies both as a guard does.
   *
   * @throws CognitoAuthError when one of them is not valid
   * @throws CognitoHostedUiError `token_rejected` when they do not belong together
   */
  async verify(tokens: { accessToken: string; idToken: string }): Promise<VerifiedPair> {
    const user = await this.auth.verify(tokens.accessToken, { tokenUse: 'access' });
    const identity = await this.auth.verify(tokens.idToken, { tokenUse: 'id' });
    const areOurs = [user, identity].every(({ clientId }) => clientId === this.options.clientId);
    const areTogether = user.sub === identity.sub && user.userPoolId === identity.userPoolId;
    if (user.kind !== 'user' || identity.kind !== 'user') throw rejectedTokens();
    if (areOurs && areTogether) return { user, identity };
    throw rejectedTokens();
  }

  /**
   * Verifies those that a sign-in has brought.
   *
   * @throws CognitoHostedUiError `token_rejected`
   * @throws CognitoAuthError when it cannot be found out just now
   */
  async verifyNew(
    tokens: { accessToken: string; idToken: string },
    nonce: string,
  ): Promise<VerifiedPair> {
    const pair = await this.verify(tokens).catch((error: unknown) => {
      throw isRefusal(error) ? rejectedTokens(error) : error;
    });
    if (pair.identity.claims['nonce'] === nonce) return pair;
    throw rejectedTokens();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof CognitoAuthError && error.getStatus() < 500;
}

function rejectedTokens(cause?: unknown): CognitoHostedUiError {
  const message = 'The tokens of this sign-in are not valid here; sign in again';
  const reason = cause instanceof CognitoAuthError ? cause.code : undefined;
  return new CognitoHostedUiError('token_rejected', message, { cause, reason });
}
