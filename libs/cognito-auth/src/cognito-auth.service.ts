import { Inject, Injectable } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { checkAccess } from './access/access-rules.js';
import type { AccessRules } from './access/access-rules.js';
import { effectiveRulesOf } from './access/effective-rules.js';
import { CognitoAuthError } from './cognito-auth.errors.js';
import { TokenVerifier } from './strategy/token-verifier.js';
import type { TokenUse } from './token/claims.js';
import type { CognitoPrincipal } from './token/principal.js';

/** Verifies tokens outside of a guard: in gateways, subscriptions, queues and scripts. */
@Injectable()
export class CognitoAuthService {
  constructor(
    @Inject(TokenVerifier) private readonly verifier: TokenVerifier,
    @Inject(ApplicationConfig) private readonly application: ApplicationConfig,
  ) {}

  /**
   * Resolves with who a token speaks for, verified exactly as the guard does it.
   *
   * @param rules what to ask of the principal, as the decorators of a route would; by default only
   * the kinds of token that its user pool accepts
   * @throws CognitoAuthError
   */
  async verify(token: string, rules: Omit<AccessRules, 'mode'> = {}): Promise<CognitoPrincipal> {
    if (typeof token !== 'string' || token === '') {
      throw new CognitoAuthError('missing_token', 'There is no token to verify');
    }
    const { principal, pool } = await this.verifier.verify(token);
    checkAccess(principal, { mode: 'required', ...rules }, pool.tokenUse);
    return principal;
  }

  /**
   * Resolves when the keys of every user pool are at hand.
   *
   * @throws CognitoAuthError `keys_unavailable`
   */
  async ready(): Promise<void> {
    await this.verifier.ready();
  }

  /**
   * What the guard asks of the callers of a handler, or `undefined` when the guard does not run
   * for it: neither the handler nor its controller nor the whole application is guarded.
   *
   * @example `rulesOf(OrdersController, OrdersController.prototype.list)`
   */
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
  rulesOf(controller: Function, handler: Function): AccessRules | undefined {
    return effectiveRulesOf({ handler, controller }, this.application);
  }

  /** The kinds of token that the routes of each user pool accept, unless `@TokenUse()` says otherwise. */
  get defaultTokenUse(): readonly TokenUse[] {
    return [...new Set(this.verifier.options.userPools.flatMap((pool) => pool.tokenUse))];
  }
}
