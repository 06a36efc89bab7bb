import { Logger } from '@nestjs/common';
import type { OnApplicationBootstrap, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { warningsOf } from '../cognito-auth.resolved-options.js';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import { PassportGate } from './passport-gate.js';
import { UserPools } from './user-pools.js';
import { VerifiedTokens } from './verified-tokens.js';
import type { VerifiedToken } from './verified-tokens.js';

/**
 * Verifies tokens: the one path that every guard, transport and service goes through.
 *
 * A token that was verified before skips Passport, the signature and the claim checks; whether it
 * expired and whether its key is still in the key set is asked every time.
 */
export class TokenVerifier implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('CognitoAuthModule');
  private readonly userPools: UserPools;
  private readonly gate: PassportGate;
  private readonly remembered: VerifiedTokens;

  constructor(readonly options: ResolvedOptions) {
    this.userPools = new UserPools(options);
    this.gate = new PassportGate(options, this.userPools);
    this.remembered = new VerifiedTokens(options);
  }

  /**
   * Resolves with what the token proves; at once when it was verified before.
   *
   * @throws CognitoAuthError
   */
  verify(token: string): VerifiedToken | Promise<VerifiedToken> {
    if (token.length > this.options.maxTokenLength) return this.verifyNew(token);
    return this.remembered.get(token) ?? this.verifyNew(token);
  }

  /** Resolves when every user pool has keys; rejects with `keys_unavailable` when one has none. */
  async ready(): Promise<void> {
    await this.userPools.load();
  }

  async onModuleInit(): Promise<void> {
    for (const warning of warningsOf(this.options)) this.logger.warn(warning);
    if (this.options.keys.preload !== 'required') return;
    try {
      await this.userPools.load();
    } catch (error) {
      this.gate.close();
      throw error;
    }
  }

  onApplicationBootstrap(): void {
    if (this.options.keys.preload !== 'background') return;
    // The failure is logged where it happens, and the first token tries again.
    this.userPools.load().catch(() => undefined);
  }

  /** Runs after the servers are closed, so that no request meets a missing strategy. */
  onApplicationShutdown(): void {
    this.gate.close();
  }

  private async verifyNew(token: string): Promise<VerifiedToken> {
    try {
      const verified = await this.gate.verify(token);
      this.remembered.add(token, verified);
      return verified;
    } catch (error) {
      throw asRefusal(error);
    }
  }
}

/** Whatever goes wrong while a token is verified, the token does not open anything. */
function asRefusal(error: unknown): CognitoAuthError {
  if (error instanceof CognitoAuthError) return error;
  return new CognitoAuthError('malformed_token', 'The token cannot be verified', { cause: error });
}
