import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpException, Inject, Injectable, Logger, Optional } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { isInstanceOf } from '../faults/foreign-errors.js';
import { CognitoAuthError, RegisteredCognitoAuthService } from '../index.js';
import type { CognitoAuthService, CognitoUser, RouteInfo, SocketMessage } from '../index.js';
import { checkedParameters } from './authorization-parameters.js';
import type { HostedUiParameters } from './authorization-parameters.js';
import { BrowserExchange } from './browser-exchange.js';
import { CognitoHostedUiError, hasCode } from './cognito-hosted-ui.errors.js';
import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { connect, connectionsOf } from './connected-requests.js';
import type { HostedUiConnection, Middleware } from './connected-requests.js';
import { isCrossSite, isPrefetch, isUnsafe } from './cross-site.js';
import { FailureLog } from './failure-log.js';
import type { Undertaking } from './failure-log.js';
import { IdentityProvider } from './identity-provider.js';
import type { HostedUiPage, Tokens } from './identity-provider.js';
import {
  HOSTED_UI_CONTROLLER,
  HOSTED_UI_NAME,
  HOSTED_UI_PATH,
  RESOLVED_OPTIONS,
  SESSIONS,
} from './injection-tokens.js';
import { loginPathFor, pathOf } from './login-redirect.js';
import { Logins, unknownState } from './logins.js';
import type { Login } from './logins.js';
import { isNavigation, isOpenedByUser } from './navigation.js';
import { publicPrefixOf, returnPathOf } from './return-to.js';
import { needsRefresh, revocableOf, secondsLeft } from './session.js';
import type { Session } from './session.js';
import { SessionCookies } from './session-cookies.js';
import { SessionRefresher } from './session-refresher.js';
import type { Found, Sessions } from './sessions.js';
import { TokenPair } from './token-pair.js';
import type { VerifiedPair } from './token-pair.js';

/** Who is signed in with a browser. */
export interface CognitoSession {
  /** What the access token proves. */
  readonly user: CognitoUser;
  /** What the ID token proves: email, name and the like. */
  readonly identity: CognitoUser;
  /** When its tokens expire, if they are not refreshed. */
  readonly expiresAt: Date;
}

/** How a sign-in begins that is not the usual one. */
export interface HostedUiLoginStart {
  /**
   * The page of Cognito to open.
   *
   * Default: `'login'`.
   */
  readonly page?: HostedUiPage | undefined;
  /** Further parameters for Cognito. Default: none. */
  readonly parameters?: HostedUiParameters | undefined;
}

/**
 * Signs the users of browsers in and out, for one registration of the module: routes, extractors,
 * redirects and the public service all work by it.
 *
 * @internal
 */
@Injectable()
export class HostedUi implements OnModuleInit {
  /** What `fromSession()` and `@RedirectToLogin()` call it. */
  readonly name: string;

  private readonly logger = new Logger('CognitoHostedUiModule');

  /** The names of those that accept the app client; most often there is one. */
  private readonly userPools: readonly string[];

  /** What sockets sent when they connected. */
  private readonly handshakes = new WeakMap<object, HostedUiConnection>();

  /** Those of its routes, within this application. */
  private paths: ReadonlySet<string> = new Set();

  /** What stands before the paths of this application in the addresses that browsers open. */
  private publicPrefix = '';

  /** @internal */
  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(RegisteredCognitoAuthService) private readonly auth: CognitoAuthService,
    @Inject(IdentityProvider) private readonly provider: IdentityProvider,
    @Inject(Logins) private readonly logins: Logins,
    @Inject(SESSIONS) private readonly sessions: Sessions,
    @Inject(SessionCookies) private readonly cookies: SessionCookies,
    @Inject(SessionRefresher) private readonly refresher: SessionRefresher,
    @Inject(TokenPair) private readonly tokens: TokenPair,
    @Inject(FailureLog) private readonly failures: FailureLog,
    @Inject(HOSTED_UI_PATH) private readonly path: string | false,
    @Optional() @Inject(HOSTED_UI_NAME) name?: string,
    @Optional() @Inject(HOSTED_UI_CONTROLLER) private readonly controller?: object,
  ) {
    if (name !== undefined && (typeof name !== 'string' || name === '')) {
      throw wrongHostedUiOptions([`"name" must be a text, got ${JSON.stringify(name)}.`]);
    }
    this.userPools = auth.userPoolsOf(options.clientId);
    this.name = name ?? this.userPools[0] ?? '';
    auth.addSignInPages(this);
  }

  /**
   * @throws CognitoAuthOptionsError when Cognito would lead browsers to no route, or when another
   * registration cannot be told apart
   */
  onModuleInit(): void {
    this.checkDoubles();
    const routes = this.auth.routes().filter(({ controller }) => controller === this.controller);
    this.paths = new Set(routes.map(({ path }) => path));
    this.publicPrefix = this.findPublicPrefix(routes);
    if (!this.options.cookies.isSecretRandom) return;
    this.logger.warn(
      'Sessions end with this process: the option "cookies.secret" and COGNITO_COOKIE_SECRET are not set',
    );
  }

  /** Does what `CognitoHostedUiService` says of it; and so the four below. */
  async login(
    request: object,
    returnTo?: unknown,
    { page, ...begin }: HostedUiLoginStart = {},
  ): Promise<string> {
    return this.on(request, 'login', async (exchange) => {
      checkOpened(exchange);
      this.cookies.checkReadable(exchange);
      this.cookies.removeDoubles(exchange);
      const path = returnTo === undefined ? undefined : returnPathOf(returnTo, this.options.site);
      const parameters = checkedParameters(begin.parameters ?? {});
      const { max_age: age } = parameters;
      const maxAge = age === undefined ? undefined : Number(age);
      const login = await this.logins.begin({ returnTo: path, maxAge }, exchange);
      return this.provider.loginAddress(login, { page, parameters });
    });
  }

  async callback(request: object): Promise<string> {
    return this.on(request, 'callback', async (exchange) => {
      const { query } = exchange;
      const login = await this.logins.end(query.get('state'), exchange);
      if (!login) return this.pathOfKnown(exchange);
      // Whoever was signed in and has registered a passkey brings no code.
      if (isWithoutResult(query) && (await this.find(exchange))) {
        return login.returnTo ?? this.defaultPath();
      }
      const tokens = await this.provider.exchange(query, login);
      const pair = await this.tokens.verifyNew(tokens, login.nonce);
      const path = await this.pathAfter(login, pair);
      await this.start(sessionOf(tokens, pair), exchange);
      return path;
    });
  }

  async session(request: object): Promise<CognitoSession | null> {
    return this.on(request, 'session', async (exchange) => {
      const session = await this.liveSession(exchange);
      if (!session) this.cookies.removeDoublesInTheWay(exchange);
      return session ? this.described(session) : null;
    });
  }

  async refresh(request: object): Promise<CognitoSession> {
    return this.on(request, 'refresh', async (exchange) => {
      this.checkSameSite(exchange);
      const session = await this.find(exchange);
      if (!session) throw new CognitoAuthError('missing_token', 'Nobody is signed in');
      return this.described(await this.renew(session, exchange));
    });
  }

  async logout(request: object): Promise<string> {
    return this.on(request, 'logout', async (exchange) => {
      this.checkSameSite(exchange);
      checkNotPrefetch(exchange);
      const session = await this.find(exchange);
      if (session) await this.end(await this.refresher.latest(session));
      this.clear(exchange);
      return this.provider.logoutAddress();
    });
  }

  /** Connects each request to this registration; nothing is read until it is asked for. */
  readonly middleware: Middleware = (request, response, next) => {
    this.connect(request, response);
    next();
  };

  connect(request: IncomingMessage, response: ServerResponse): void {
    connect(request, this, () => this.connectionTo(new BrowserExchange(request, response)));
  }

  /**
   * What a socket sent when it connected: cookies, unless another site made a browser send them. It
   * has no answer that could carry others.
   */
  connectionOfSocket(message: SocketMessage): HostedUiConnection {
    const { connection: socket } = message;
    let connection = this.handshakes.get(socket);
    if (!connection) {
      const cookie = message.cookiesFor(this.options.site.origin);
      const exchange = new BrowserExchange({ headers: { cookie } } as IncomingMessage);
      const accessToken = (refresh: boolean) =>
        this.cookies.areIn(exchange) ? this.tokenOfSocket(exchange, refresh) : null;
      connection = { ...this.connectionTo(exchange), accessToken };
      this.handshakes.set(socket, connection);
    }
    return connection;
  }

  answers(request: object): boolean {
    return this.paths.has(pathOf(request));
  }

  redirectFor(request: object, refusal: unknown, name?: string): string | undefined {
    return loginPathFor(request, refusal, name);
  }

  private connectionTo(exchange: BrowserExchange): HostedUiConnection {
    const { name, userPools } = this;
    return {
      exchange,
      owner: this,
      name,
      serves: (accepted) => userPools.some((pool) => accepted.includes(pool)),
      isOneOf: (accepted, token) =>
        userPools.every((pool) => accepted.includes(pool)) ||
        accepted.includes(this.auth.claimedUserPoolOf(token) ?? ''),
      accessToken: (refresh) =>
        this.cookies.areIn(exchange) ? this.accessToken(exchange, refresh) : null,
      ignoresSession: () => this.cookies.areIn(exchange) && exchange.session === undefined,
      loginPath: (innerPath) => this.loginPath(innerPath),
    };
  }

  /** That of the session of now, whatever it was when the socket connected. */
  private async tokenOfSocket(exchange: BrowserExchange, refresh: boolean): Promise<string | null> {
    const { isShared } = this.sessions;
    if (isShared) {
      exchange.session = undefined;
    } else {
      const session = await this.find(exchange);
      if (session) exchange.session = this.refresher.latest(session);
    }
    // Refresh tokens may rotate: without an answer, the browser would be left with the old one.
    return this.accessToken(exchange, refresh && isShared);
  }

  private checkDoubles(): void {
    const others = this.auth.signInPages.filter((pages) => pages instanceof HostedUi);
    const problems = others
      .slice(0, others.indexOf(this))
      .flatMap((other) => doublesOf(this.identity(), other.identity()));
    if (problems.length > 0) throw wrongHostedUiOptions(problems);
  }

  /** What no two registrations of an application have in common. */
  private identity(): Record<string, string | false> {
    const { redirectUri, cookies } = this.options;
    // Express compares paths without case.
    const path = this.path && this.path.toLowerCase();
    return { name: this.name, path, redirectUri, 'cookies.name': cookies.name };
  }

  private findPublicPrefix(routes: readonly RouteInfo[]): string {
    const { redirectUri } = this.options;
    const callbacks = routes
      .filter(({ handler }) => handler === 'callback')
      .map(({ path }) => path);
    if (callbacks.length === 0) return '';
    const prefixes = callbacks.map((path) => publicPrefixOf(redirectUri, path));
    const prefix = prefixes.find((found) => found !== undefined);
    if (prefix !== undefined) return prefix;
    throw wrongHostedUiOptions([
      `"redirectUri" must end with ${callbacks.join(' or ')}, where this application has the callback (with its global prefix), got ${JSON.stringify(redirectUri)}.`,
    ]);
  }

  private async on<T>(
    request: object,
    undertaking: Undertaking,
    work: (exchange: BrowserExchange) => Promise<T>,
  ): Promise<T> {
    const connection = connectionsOf(request).find(({ owner }) => owner === this);
    if (!connection) throw new TypeError(UNCONNECTED);
    return this.failures.watch(undertaking, () => work(connection.exchange));
  }

  private accessToken(
    exchange: BrowserExchange,
    refresh: boolean,
  ): string | null | Promise<string | null> {
    if (isUnsafe(exchange.request) && this.isCrossSite(exchange)) return null;
    const found = this.foundIn(exchange);
    const otherwise = () => this.awaitedToken(exchange, refresh);
    if (!(found instanceof Promise)) return this.tokenAtHand(found, exchange) ?? otherwise();
    return found.then((session) => this.tokenAtHand(session, exchange) ?? otherwise(), otherwise);
  }

  /** Spares most requests the promises of whatever else may have to be done. */
  private tokenAtHand(session: Found, exchange: BrowserExchange): string | null {
    if (!session || needsRefresh(session) || this.refresher.isEnded(session)) return null;
    return this.tokenOf(session, exchange);
  }

  private tokenOf(session: Session | undefined, exchange: BrowserExchange): string | null {
    if (!session) this.cookies.removeDoublesInTheWay(exchange);
    // Nobody chose to send an old cookie: it must not keep its user from what is for everybody.
    if (!session || session.expiresAt <= Date.now()) return null;
    if (this.options.noStore) exchange.keepFromCaches();
    return session.accessToken;
  }

  private async awaitedToken(exchange: BrowserExchange, refresh: boolean): Promise<string | null> {
    try {
      const session = await this.failures.watch('session', () =>
        refresh ? this.liveSession(exchange) : this.find(exchange),
      );
      return this.tokenOf(session, exchange);
    } catch (error) {
      if (error instanceof CognitoHostedUiError && error.retryAfter) {
        exchange.setHeader('Retry-After', String(error.retryAfter));
      }
      throw error;
    }
  }

  /** @param innerPath a path within this application */
  private loginPath(innerPath?: string): string {
    const path = `${this.options.site.base}login`;
    if (innerPath === undefined) return path;
    try {
      const checked = returnPathOf(this.publicPrefix + innerPath, this.options.site);
      return `${path}?${new URLSearchParams({ returnTo: checked }).toString()}`;
    } catch {
      return path;
    }
  }

  private checkSameSite(exchange: BrowserExchange): void {
    if (!this.isCrossSite(exchange)) return;
    const message =
      'This request comes from another site; it is answered to pages of this one only';
    throw new CognitoHostedUiError('cross_site_request', message);
  }

  private isCrossSite({ request }: BrowserExchange): boolean {
    return isCrossSite(request, this.options.site.origin);
  }

  private async pathAfter({ returnTo }: Login, pair: VerifiedPair): Promise<string> {
    const { afterLogin, site } = this.options;
    if (typeof afterLogin !== 'function') return returnTo ?? this.defaultPath();
    return called(async () => {
      const path = (await afterLogin({ ...pair, returnTo })) ?? returnTo ?? this.defaultPath();
      return returnPathOf(path, site);
    });
  }

  /** @throws CognitoHostedUiError `invalid_state` unless somebody is signed in */
  private async pathOfKnown(exchange: BrowserExchange): Promise<string> {
    const isPerson = isNavigation(exchange.request.headers);
    if (!isPerson || !(await this.find(exchange))) throw unknownState(this.options.site);
    return this.defaultPath();
  }

  private defaultPath(): string {
    const { afterLogin } = this.options;
    return typeof afterLogin === 'string' ? afterLogin : `${this.publicPrefix}/`;
  }

  /** With a new id, so that nobody can know it beforehand. */
  private async start(session: Session, exchange: BrowserExchange): Promise<void> {
    const former = await this.find(exchange);
    await this.sessions.keep(session);
    await this.give(session, exchange);
    if (former) await this.replace(former);
  }

  private async give(session: Session, exchange: BrowserExchange): Promise<void> {
    await this.sessions.give(session, exchange);
    this.logins.makeRoom(exchange);
    exchange.session = session;
  }

  private async replace(former: Session): Promise<void> {
    this.refresher.end(former);
    await this.attempt('forget the session of before', () => this.sessions.forget(former));
  }

  private foundIn(exchange: BrowserExchange): Found | Promise<Found> {
    // `null` after a sign-out: what the browser sent does not count any more.
    if (exchange.session === undefined) exchange.session = this.sessions.find(exchange);
    return exchange.session;
  }

  private async find(exchange: BrowserExchange): Promise<Session | undefined> {
    const session = await this.foundIn(exchange);
    return session && !this.refresher.isEnded(session) ? session : undefined;
  }

  private async liveSession(exchange: BrowserExchange): Promise<Session | undefined> {
    const session = await this.find(exchange);
    if (!session || !needsRefresh(session)) return session;
    try {
      return await this.renew(session, exchange);
    } catch (error) {
      if (hasCode(error, 'session_expired')) return undefined;
      throw error;
    }
  }

  private async renew(session: Session, exchange: BrowserExchange): Promise<Session> {
    try {
      const { session: renewed, problem } = await this.refresher.refresh(session);
      await this.give(renewed, exchange);
      if (problem !== undefined) throw problem;
      return renewed;
    } catch (error) {
      if (hasCode(error, 'session_expired')) await this.drop(session, exchange);
      throw error;
    }
  }

  private async drop(session: Session, exchange: BrowserExchange): Promise<void> {
    // Who signed out, or in again, has cookies of then: they are not this request's to take.
    if (this.refresher.isEnded(session)) return;
    this.clear(exchange);
    await this.sessions.forget(session);
  }

  private clear(exchange: BrowserExchange): void {
    this.sessions.clear(exchange);
    exchange.session = null;
  }

  /** What cannot be reached does not keep anybody from signing out of this application. */
  private async end(session: Session): Promise<void> {
    this.refresher.end(session);
    const forgotten = await this.attempt('forget the session', () => this.sessions.forget(session));
    const last = forgotten ?? session;
    const isRevoked = await this.attempt('revoke the refresh token', () => this.revokeToken(last));
    await this.attempt('revoke the session', () => this.revokeHere(last, isRevoked === true));
  }

  private async revokeToken({ refreshToken }: Session): Promise<true> {
    if (refreshToken !== undefined) await this.provider.revoke(refreshToken);
    return true;
  }

  private async revokeHere(session: Session, isRevokedAtCognito: boolean): Promise<void> {
    if (!session.revocable || !this.auth.canRevoke) return;
    // Whoever has the refresh token could go on with it until then.
    const left = secondsLeft(session, this.options.cookies.maxAge) * 1000;
    const until = isRevokedAtCognito ? undefined : new Date(Date.now() + left + LONGEST_TOKEN_LIFE);
    await this.auth.revoke(session.revocable, until);
  }

  /** What the work resolves with; `undefined` and a line in the log when it fails. */
  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.logger.error(`Could not ${what}: ${(error as Error).message}`);
      return undefined;
    }
  }

  private async described(session: Session): Promise<CognitoSession> {
    const pair = await this.tokens.verify(session);
    return { ...pair, expiresAt: new Date(session.expiresAt) };
  }
}

/** A link to sign out that a browser loads in advance has been followed by nobody. */
function checkNotPrefetch({ request }: BrowserExchange): void {
  if (!isPrefetch(request)) return;
  throw new CognitoHostedUiError('prefetch_refused', 'Nobody is signed out in advance');
}

const LONGEST_TOKEN_LIFE = 24 * 3_600_000;

const UNCONNECTED =
  'CognitoHostedUiService needs the request of Express or Fastify, or that of Node behind it, after ' +
  'CognitoHostedUiService.middleware has seen it: app.use(hostedUi.middleware) lets it do so';

function doublesOf(
  one: Record<string, string | false>,
  other: Record<string, string | false>,
): string[] {
  return Object.entries(one)
    .filter(([option, value]) => value !== false && value === other[option])
    .map(
      ([option, value]) =>
        `"${option}" must differ between registrations of CognitoHostedUiModule, two have ${JSON.stringify(value)}${option === 'name' ? ' (by default it is the name of the user pool)' : ''}.`,
    );
}

function sessionOf(tokens: Tokens, { user }: VerifiedPair): Session {
  return {
    ...tokens,
    ...revocableOf(user),
    id: randomBytes(32).toString('base64url'),
    version: 0,
    createdAt: Date.now(),
  };
}

/** A hook that fails is neither the fault of the user nor a way in. */
async function called<T>(hook: () => Promise<T>): Promise<T> {
  try {
    return await hook();
  } catch (cause) {
    if (isInstanceOf(cause, HttpException) && !hasCode(cause, 'invalid_return_to')) throw cause;
    throw new CognitoAuthError(
      'hook_failed',
      'This sign-in cannot be completed at the moment (afterLogin); try again later',
      { cause },
    );
  }
}

/**
 * Refuses to begin a sign-in for an image, a frame or the like: any comment on a page could have
 * hundreds of them, each with a cookie. Scripts of the same site may ask, since they can tell their
 * user. Browsers that do not say so are let through.
 */
function checkOpened({ request }: BrowserExchange): void {
  if (isPrefetch(request)) {
    throw new CognitoHostedUiError('prefetch_refused', 'Nobody is signed in in advance');
  }
  if (isOpenedByUser(request.headers)) return;
  const message = 'A sign-in begins when its page is opened, not behind another page';
  throw new CognitoHostedUiError('navigation_required', message);
}

function isWithoutResult(query: URLSearchParams): boolean {
  return !query.has('code') && !query.has('error');
}
