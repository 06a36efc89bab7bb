import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { acceptedBy, warningsOf } from '../cognito-auth.resolved-options.js';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import { rememberHeader } from '../token/compact-token.js';
import { checkSignatureWith } from './signature.js';
import { TokenChecks } from './token-checks.js';
import type { PreparedToken } from './token-checks.js';
import { UserPools } from './user-pools.js';
import { VerifiedTokens } from './verified-tokens.js';
import type { VerifiedToken } from './verified-tokens.js';

/** What comes of a token: what is not refused at once may still be, as a rejection. */
type Verdict = VerifiedToken | CognitoAuthError | Promise<VerifiedToken>;

/**
 * Verifies tokens: the one path that every guard, transport and service goes through.
 *
 * A token that is remembered skips the signature and the claim checks; whether it expired and
 * whether its key is still in the key set is asked every time.
 */
export class TokenVerifier implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  /** What the Passport strategy of this registration shares with this path. */
  readonly checks: TokenChecks;
  readonly userPools: UserPools;

  private readonly logger = new Logger('CognitoAuthModule');
  private readonly remembered: VerifiedTokens;

  constructor(readonly options: ResolvedOptions) {
    this.userPools = new UserPools(options);
    this.checks = new TokenChecks(options, this.userPools);
    this.remembered = new VerifiedTokens(options);
  }

  /**
   * What a token proves, or its refusal; at once when its key is at hand.
   *
   * @throws Error when it is refused later than that, at once as well or as a rejection;
   * `asRefusal()` says what it means
   */
  verify(token: string): Verdict {
    // What is too long to be a token is not worth a digest.
    const isTooLong = token.length > this.options.maxTokenLength;
    const remembered = isTooLong ? undefined : this.remembered.get(token);
    return remembered ?? this.verifyNew(token);
  }

  /** Resolves when every user pool has keys; rejects with `keys_unavailable` when one has none. */
  async ready(): Promise<void> {
    await this.userPools.load();
  }

  async onModuleInit(): Promise<void> {
    for (const warning of warningsOf(this.options)) this.logger.warn(warning);
    for (const accepted of acceptedBy(this.options)) this.logger.debug(accepted);
    if (this.options.keys.preload === 'required') await this.loadOrClose();
  }

  onApplicationBootstrap(): void {
    if (this.options.keys.preload !== 'background') return;
    // The failure is logged where it happens, and the first token tries again.
    this.userPools.load().catch(() => undefined);
  }

  /** Runs after the servers are closed, so that no request misses its keys. */
  onApplicationShutdown(): void {
    this.userPools.close();
  }

  /** What does not boot fetches nothing any more, for its other user pools either. */
  private async loadOrClose(): Promise<void> {
    try {
      await this.userPools.load();
    } catch (error) {
      this.userPools.close();
      throw error;
    }
  }

  private verifyNew(token: string): Verdict {
    const prepared = this.checks.prepare(token);
    if (prepared instanceof CognitoAuthError) return prepared;
    return prepared instanceof Promise
      ? prepared.then((ready) => this.finish(token, ready))
      : this.finish(token, prepared);
  }

  private finish(token: string, prepared: PreparedToken): VerifiedToken {
    if (prepared.key) checkSignatureWith(prepared.key, prepared.unverified);
    const verified = this.checks.accept(prepared);
    rememberHeader(prepared.unverified);
    this.remembered.add(token, verified);
    return verified;
  }
}

/**
 * The refusal that an error of a verification means. Ours means what it says; whatever else goes
 * wrong, the token does not open anything.
 */
export function asRefusal(error: unknown): CognitoAuthError {
  if (error instanceof CognitoAuthError) return error;
  return new CognitoAuthError('malformed_token', 'The token cannot be verified', { cause: error });
}
