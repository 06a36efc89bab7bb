import { Inject, Injectable } from '@nestjs/common';
import { AccessControl } from './access/access-control.js';
import { checkPrincipal, checkToken } from './access/access-rules.js';
import type { AccessRules } from './access/access-rules.js';
import { COPY, THIS_COPY } from './access/copies.js';
import { RegisteredStrategy } from './access/registered-strategy.js';
import { RouteInventory } from './access/route-inventory.js';
import type { RouteInfo } from './access/route-inventory.js';
import { accessRulesFrom, checkIsPlain } from './access/rule-values.js';
import type { VerifyRules } from './access/rule-values.js';
import type { SignInPages } from './access/sign-in-pages.js';
import { CognitoAuthError, CognitoAuthOptionsError } from './cognito-auth.errors.js';
import { lastExpiryOf } from './revocation/revocation-store.js';
import type { RevocationTarget } from './revocation/revocation-store.js';
import { asRefusal } from './strategy/token-verifier.js';
import type { VerifiedToken } from './strategy/verified-tokens.js';
import type { TokenUse } from './token/claims.js';
import { parseToken } from './token/compact-token.js';
import type { CognitoPrincipal } from './token/principal.js';
import { problemsOfExtractors } from './transport/scoped-extractor.js';
import type { SocketMessage } from './transport/socket-message.js';
import type { TokenExtractor } from './transport/token-extractors.js';

/** What to ask of the token of a connection, and whom to tell when a message is refused. */
export interface ConnectionRules extends VerifyRules {
  /** Called with each refusal of a message of this connection, for example to close it. */
  onRefused?: (error: CognitoAuthError) => void;

  /**
   * Whether a later token may be of another caller than the first one of this connection.
   *
   * Default: `false`, because what the application keeps for a connection (rooms, for example)
   * was decided for its first caller.
   */
  allowUserChange?: boolean | undefined;
}

/** Where the token of a handshake may be, and what it is for. */
interface HandshakeSetup {
  readonly tokenFrom?: readonly TokenExtractor[] | undefined;
  readonly userPools?: readonly string[] | undefined;
  /** What lasts as long as the connection, too. */
  readonly connections?: readonly object[];
}

/** Verifies tokens outside of a guard, revokes them, and tells what the routes ask for. */
@Injectable()
export class CognitoAuthService {
  /** @internal */
  static readonly [COPY]: symbol = THIS_COPY;

  constructor(
    @Inject(AccessControl) private readonly access: AccessControl,
    @Inject(RegisteredStrategy) private readonly strategy: RegisteredStrategy,
    @Inject(RouteInventory) private readonly inventory: RouteInventory,
  ) {}

  /**
   * Resolves with who a token speaks for, verified exactly as the guard does it: with revocation
   * and the groups of the hook, without the identity hook. For gateways, subscriptions, queues and
   * scripts.
   *
   * @param rules what to ask of the principal; by default only the kinds of token that its user
   * pool accepts
   * @throws CognitoAuthError
   * @throws TypeError when a rule is not what its type says, which must not admit anybody
   */
  async verify(token: string, rules?: VerifyRules): Promise<CognitoPrincipal> {
    let verified: VerifiedToken | undefined;
    try {
      checkPresence(token);
      const accessRules = rules === undefined ? NO_RULES : this.checkRules(rules, VERIFY);
      // No turn of the event loop for what is at hand.
      const verifying = this.verified(token);
      verified = verifying instanceof Promise ? await verifying : verifying;
      checkToken(verified.principal, accessRules, verified.pool.tokenUse);
      const asking = this.access.currentPrincipalOf(verified.principal);
      const principal = asking instanceof Promise ? await asking : asking;
      checkPrincipal(principal, accessRules);
      return principal;
    } catch (error) {
      // A fault is for whoever called to report.
      if (error instanceof CognitoAuthError && error.getStatus() < 500) {
        this.access.refusals.note(error, verified?.principal, token);
      }
      throw error;
    }
  }

  /**
   * Verifies a token as `verify()` does, and keeps it as the token of a connection: the guard
   * verifies this one with every message from now on, whatever the handshake said. Call it again
   * with a newer token; one that is refused, or of another caller, leaves the former in place.
   *
   * The principal goes to `connection.user`, too (see the option `property`), unless the hook
   * `identity` says with each message who that is.
   *
   * @param connection the socket of the gateway, or whatever else lasts as long as the connection
   * @throws CognitoAuthError
   * @throws TypeError when a rule is not what its type says
   */
  async authenticateConnection(
    connection: object,
    token: string,
    given: ConnectionRules = {},
  ): Promise<CognitoPrincipal> {
    checkIsPlain(given, 'CognitoAuthService.authenticateConnection()');
    const { onRefused, allowUserChange = false, ...rules } = given;
    const principal = await this.verify(token, rules);
    const { connectionTokens, identity, verifier } = this.access;
    if (!allowUserChange) connectionTokens.checkSameUser(connection, principal);
    connectionTokens.set(connection, { token, principal, onRefused });
    if (!identity) Reflect.set(connection, verifier.options.property, principal);
    return principal;
  }

  /**
   * The rules of a route that these are like, for whoever keeps rules and wants to know at the boot
   * that they can be checked.
   *
   * @throws TypeError
   * @internal
   */
  checkRules(rules: VerifyRules, caller: string): AccessRules {
    const { userPools } = this.access.verifier.options;
    return accessRulesFrom(
      rules,
      caller,
      userPools.map(({ name }) => name),
    );
  }

  /**
   * The token of a handshake, where the option `tokenFrom` or these extractors find it.
   *
   * @param setup `connections` get the token besides that of the message
   * @internal
   */
  tokenOf(
    message: SocketMessage,
    { tokenFrom, userPools, connections = [] }: HandshakeSetup = {},
  ): Promise<string | null> {
    const all = [message.connection, ...connections];
    return this.access.tokens.ofHandshake(message, all, userPools, tokenFrom);
  }

  /**
   * Verifies a connection again: its token of now, where that is in a session.
   *
   * @throws CognitoAuthError
   * @internal
   */
  async verifyConnection(
    connection: object,
    token: string,
    rules?: VerifyRules,
  ): Promise<CognitoPrincipal> {
    return this.verify((await this.access.connectionTokens.of(connection)) ?? token, rules);
  }

  /**
   * Makes sign-in pages known to the extractors and middlewares of the application.
   *
   * @internal
   */
  addSignInPages(pages: SignInPages): void {
    this.access.signInPages.push(pages);
  }

  /** @internal */
  get signInPages(): readonly SignInPages[] {
    return this.access.signInPages;
  }

  /**
   * @throws CognitoAuthOptionsError when one of them can never find a token in this application
   * @internal
   */
  checkExtractors(tokenFrom: readonly TokenExtractor[]): void {
    const problems = problemsOfExtractors(tokenFrom, this.access.signInPages);
    if (problems.length > 0) throw new CognitoAuthOptionsError(problems);
  }

  private verified(token: string): VerifiedToken | Promise<VerifiedToken> {
    let verdict: VerifiedToken | CognitoAuthError | Promise<VerifiedToken>;
    try {
      verdict = this.access.verifier.verify(token);
    } catch (error) {
      throw asRefusal(error);
    }
    if (verdict instanceof CognitoAuthError) throw verdict;
    if (!(verdict instanceof Promise)) return verdict;
    return verdict.catch((error: unknown) => {
      throw asRefusal(error);
    });
  }

  /**
   * Resolves when the keys of every user pool are at hand.
   *
   * @throws CognitoAuthError `keys_unavailable`
   */
  async ready(): Promise<void> {
    await this.access.verifier.ready();
  }

  /**
   * Revokes a token, a session, or what a user was issued before a moment, in the store of the
   * option `revocation`.
   *
   * @param until when the revocation may be forgotten; by default once no token that exists now
   * can be valid any more (24 hours). A session needs longer unless its refresh token is revoked, too
   * @throws Error without that option, or when the store fails
   */
  async revoke(target: RevocationTarget, until: Date = lastExpiryOf(target)): Promise<void> {
    const { revocation } = this.access;
    if (!revocation) {
      throw new Error('CognitoAuthService.revoke() needs the option "revocation", a store');
    }
    await revocation.revoke(target, until);
  }

  /** Every HTTP route of the application, and what the guard asks of its callers. */
  routes(): RouteInfo[] {
    return this.inventory.routes();
  }

  /**
   * What the guard asks of the callers of a handler, or `undefined` when the guard does not run
   * for it: neither the handler nor its controller nor the whole application is guarded.
   *
   * @example `rulesOf(OrdersController, OrdersController.prototype.list)`
   */
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
  rulesOf(controller: Function, handler: Function): AccessRules | undefined {
    return this.inventory.rulesOf(controller, handler);
  }

  /**
   * The name of the strategy that this registration has in Passport while the application runs,
   * for those who compose several strategies.
   *
   * It finds and verifies the token as the guard does, with revocation and the groups of the hook;
   * the principal is the user. Rules of routes and the identity hook belong to the guard. A refused
   * token fails the strategy, with the CognitoAuthError as its info; what is not the caller's fault
   * is an error.
   *
   * @example `passport.authenticate(service.strategyName, { session: false })`
   */
  get strategyName(): string {
    return this.strategy.name;
  }

  /**
   * The issuers of the user pools that accept the tokens of an app client; none when no user pool
   * does.
   */
  issuersOf(clientId: string): string[] {
    const { userPools } = this.access.verifier.options;
    const pools = userPools.filter(({ clientIds }) => clientIds?.has(clientId) ?? true);
    return pools.flatMap(({ issuers }) => Array.from(issuers.keys()));
  }

  /**
   * The names of the user pools that accept the tokens of an app client: those that name it before
   * those that accept every one.
   *
   * @internal
   */
  userPoolsOf(clientId: string): string[] {
    const { userPools } = this.access.verifier.options;
    const naming = userPools.filter(({ clientIds }) => clientIds?.has(clientId));
    const accepting = userPools.filter(({ clientIds }) => !clientIds);
    return [...naming, ...accepting].map(({ name }) => name);
  }

  /**
   * The name of the user pool that a token says it is of. It is not verified: it only chooses.
   *
   * @internal
   */
  claimedUserPoolOf(token: string): string | undefined {
    const { options, userPools } = this.access.verifier;
    const unverified = parseToken(token, options.maxTokenLength);
    if (unverified instanceof CognitoAuthError) return undefined;
    const issuer = userPools.issuerOf(unverified.claims);
    return issuer instanceof CognitoAuthError ? undefined : issuer.pool.name;
  }

  /** The protection space that challenges name. */
  get realm(): string {
    return this.access.verifier.options.realm;
  }

  /** Whether `revoke()` has a store, the option `revocation`. */
  get canRevoke(): boolean {
    return this.access.revocation !== undefined;
  }

  /** The kinds of token that routes accept unless `@TokenUse()` says otherwise, of all user pools. */
  get defaultTokenUse(): readonly TokenUse[] {
    const { userPools } = this.access.verifier.options;
    return [...new Set(userPools.flatMap((pool) => pool.tokenUse))];
  }
}

/**
 * The service that the library itself asks, which is not the one that an application injects: a test
 * may replace that by what it needs.
 *
 * @internal
 */
export abstract class RegisteredCognitoAuthService extends CognitoAuthService {}

function checkPresence(token: unknown): void {
  if (typeof token === 'string' && token !== '') return;
  throw new CognitoAuthError('missing_token', 'There is no token to verify');
}

const NO_RULES: AccessRules = Object.freeze({ mode: 'required' });

const VERIFY = 'CognitoAuthService.verify()';
