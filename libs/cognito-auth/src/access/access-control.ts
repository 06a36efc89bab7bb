import { Inject, Injectable, Optional } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { RevocationStore } from '../revocation/revocation-store.js';
import { TokenVerifier } from '../strategy/token-verifier.js';
import type { VerifiedToken } from '../strategy/verified-tokens.js';
import { withGroups } from '../token/principal.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { presentUser } from '../transport/request-of.js';
import { checkPermissions, checkPrincipal, checkToken } from './access-rules.js';
import type { AccessRules, CheckRule } from './access-rules.js';
import { authenticationOf } from './authentication.js';
import type { Authentication, Caller } from './authentication.js';
import { CheckInstances, isCheckClass } from './check-instances.js';
import { ConnectionTokens } from './connection-tokens.js';
import { COPY, THIS_COPY } from './copies.js';
import { callHook, hookFailed, HOOKS, identityIn, textsOf } from './hooks.js';
import type { GroupsProvider, IdentityResolver, PermissionsProvider } from './hooks.js';
import { RefusalLog } from './refusal-log.js';
import { RequestTokens } from './request-tokens.js';
import { signInPagesOf } from './sign-in-pages.js';
import type { SignInPages } from './sign-in-pages.js';

/**
 * The token of `AccessControl` for guards in any module of the application.
 *
 * Nest quotes it when no module provides it, and so it says what is missing. All copies of the
 * library in a process have the same one; a guard sees by the instance whose copy answers.
 */
export const ACCESS_CONTROL =
  'AccessControl of CognitoAuthModule (import CognitoAuthModule.forRoot() in the root module or, with isGlobal: false, in this one)';

/**
 * Decides who may enter, for one registration of the module.
 *
 * The order is token, revocation, groups, identity, rules, permissions, checks. Without hooks, and
 * with a token that was verified before, the decision does not wait for a promise.
 */
@Injectable()
export class AccessControl {
  readonly [COPY]: symbol = THIS_COPY;
  readonly connectionTokens = new ConnectionTokens();
  readonly refusals: RefusalLog;

  readonly signInPages: SignInPages[];
  readonly tokens: RequestTokens;
  private readonly admissions = new WeakMap<ExecutionContext, Promise<true>>();

  constructor(
    @Inject(TokenVerifier) readonly verifier: TokenVerifier,
    @Inject(CheckInstances) readonly checks: CheckInstances,
    @Optional() @Inject(HOOKS.identity) readonly identity?: IdentityResolver,
    @Optional() @Inject(HOOKS.groups) private readonly groups?: GroupsProvider,
    @Optional() @Inject(HOOKS.permissions) readonly permissions?: PermissionsProvider,
    @Optional() @Inject(HOOKS.revocation) readonly revocation?: RevocationStore,
    @Optional() @Inject(ApplicationConfig) application: object = {},
  ) {
    const { tokenFrom } = verifier.options;
    this.refusals = new RefusalLog(verifier.options);
    this.signInPages = signInPagesOf(application);
    this.tokens = new RequestTokens(tokenFrom, this.connectionTokens, this.signInPages);
  }

  /**
   * Admits the sender of a request, and puts the user on the request; or says at once why not.
   *
   * @throws CognitoAuthError
   */
  admit(context: ExecutionContext, rules: AccessRules): true | CognitoAuthError | Promise<true> {
    const authentication = authenticationOf(context, this.verifier, this.tokens, rules);
    const { refusal, verified } = authentication;
    if (refusal) return refusal;
    return verified instanceof Promise
      ? verified.then((known) => this.admitToken(context, rules, authentication, known))
      : this.admitToken(context, rules, authentication, verified);
  }

  /**
   * Who a verified token speaks for now: not revoked, and with the groups of the hook; at once
   * without these hooks.
   *
   * @throws CognitoAuthError `token_revoked`
   */
  currentPrincipalOf(principal: CognitoPrincipal): CognitoPrincipal | Promise<CognitoPrincipal> {
    return this.groups || this.revocation ? this.askAbout(principal) : principal;
  }

  private async askAbout(principal: CognitoPrincipal): Promise<CognitoPrincipal> {
    const { groups, revocation } = this;
    if (revocation) await checkRevocation(revocation, principal);
    if (!groups) return principal;
    const held = await callHook('groups', async () =>
      textsOf('groups', await groups.groupsOf(principal)),
    );
    return withGroups(principal, held);
  }

  private admitToken(
    context: ExecutionContext,
    rules: AccessRules,
    authentication: Authentication,
    verified: VerifiedToken | null,
  ): true | Promise<true> {
    authentication.verified = verified;
    if (!verified) return this.admitAnonymous(authentication, rules);
    checkToken(verified.principal, rules, verified.pool.tokenUse);
    const caller = (authentication.caller ??= this.callerOf(authentication, verified, context));
    return caller instanceof Promise
      ? caller.then((known) => this.admitCaller(context, rules, known))
      : this.admitCaller(context, rules, caller);
  }

  private admitAnonymous({ refusal, request }: Authentication, rules: AccessRules): true {
    // A bad token is not the same as none.
    if (refusal) throw refusal;
    if (rules.mode === 'optional') return true;
    throw this.tokens.missingIn(request);
  }

  private admitCaller(
    context: ExecutionContext,
    rules: AccessRules,
    caller: Caller,
  ): true | Promise<true> {
    checkPrincipal(caller.principal, rules);
    const isDecided = !rules.permissions && !rules.checks;
    return isDecided ? true : this.admitOnce(context, rules, caller);
  }

  private callerOf(
    authentication: Authentication,
    { principal }: VerifiedToken,
    context: ExecutionContext,
  ): Caller | Promise<Caller> {
    if (this.identity || this.groups || this.revocation) {
      const identified = this.identifyByHooks(principal, context);
      return identified.then((caller) => this.present(authentication, caller));
    }
    return this.present(authentication, { principal, user: principal });
  }

  private present(authentication: Authentication, caller: Caller): Caller {
    presentUser(authentication.request, this.verifier.options.property, caller.user);
    authentication.caller = caller;
    return caller;
  }

  private async identifyByHooks(
    verified: CognitoPrincipal,
    context: ExecutionContext,
  ): Promise<Caller> {
    const principal = await this.currentPrincipalOf(verified);
    const { identity } = this;
    if (!identity) return { principal, user: principal };
    const user = await callHook('identity', async () =>
      identityIn(await identity.resolve(principal, context)),
    );
    if (user !== undefined) return { principal, user };
    throw new CognitoAuthError('unknown_user', 'The caller is not known to this application');
  }

  /** All guards of one call of a handler share a context; only the first one asks the application. */
  private admitOnce(context: ExecutionContext, rules: AccessRules, caller: Caller): Promise<true> {
    let admitted = this.admissions.get(context);
    if (!admitted) {
      this.admissions.set(context, (admitted = this.admitByHooks(context, rules, caller)));
    }
    return admitted;
  }

  private async admitByHooks(
    context: ExecutionContext,
    rules: AccessRules,
    caller: Caller,
  ): Promise<true> {
    if (rules.permissions) checkPermissions(await this.permissionsOf(caller), rules.permissions);
    for (const check of rules.checks ?? []) {
      // oxlint-disable-next-line no-await-in-loop -- the first refusal counts
      await this.runCheck(check, caller, context);
    }
    return true;
  }

  private permissionsOf(caller: Caller): Promise<readonly string[]> {
    const { permissions } = this;
    if (!permissions) throw hookFailed('permissions', new Error('There is no permissions hook'));
    caller.permissions ??= callHook('permissions', async () =>
      textsOf('permissions', await permissions.permissionsOf(caller.principal, caller.user)),
    );
    return caller.permissions;
  }

  private async runCheck(
    { policy, message }: CheckRule,
    { principal }: Caller,
    context: ExecutionContext,
  ): Promise<void> {
    const call = async (): Promise<Outcome> => {
      if (!isCheckClass(policy)) return [await policy(principal, context)];
      const check = await this.checks.of(policy);
      return [await check.check(principal, context), check.message];
    };
    const [passes, messageOfClass] = await callHook('check', call, `check ${policy.name}`.trim());
    if (passes === true) return;
    throw new CognitoAuthError(
      'check_failed',
      message ?? messageOfClass ?? 'The caller does not pass a check of this route',
    );
  }
}

/** What a check answered, whatever its types promise, and what its class says about a refusal. */
type Outcome = [passes: unknown, message?: string];

async function checkRevocation(store: RevocationStore, principal: CognitoPrincipal): Promise<void> {
  const isRevoked: unknown = await callHook('revocation', () => store.isRevoked(principal));
  if (isRevoked === false) return;
  if (isRevoked === true) {
    throw new CognitoAuthError('token_revoked', 'The token was revoked; sign in again');
  }
  throw hookFailed('revocation', new TypeError('isRevoked() returned neither true nor false'));
}
