import { CognitoAuthError, fromHandshakeAuth } from '../index.js';
import type { CognitoAuthService, CognitoPrincipal } from '../index.js';
import type { ClientSocket } from './client-socket.js';
import { LONGEST_DELAY } from './cognito-ws.options.js';
import type { ResolvedWsOptions } from './cognito-ws.options.js';
import { isFinal, refusalOf } from './refusal.js';
import { reportFault } from './report-fault.js';

/** What the connections of an adapter share. */
export interface ConnectionSetup {
  readonly auth: CognitoAuthService;
  readonly options: ResolvedWsOptions;
  /** Makes the adapter call this with what a client sends as `authenticateEvent`. */
  readonly bindAuthenticate: (client: object, take: TakeToken) => void;
  /** Called when the application gets to see a socket, and when it is closed. */
  readonly entered: (connection: Connection) => void;
  readonly left: (connection: Connection) => void;
}

/** @param reply answers this message alone, where the client asked for that */
type TakeToken = (data: unknown, reply?: unknown) => void;

const HANDSHAKE_AUTH = fromHandshakeAuth('token');

/** When to ask again for a token that is past its `exp`: `clockTolerance` may extend it. */
const SECOND = 1_000;

/** A token that the client has sent in a message. */
interface Offer {
  readonly token: string;
  readonly reply: unknown;
}

/** The acknowledgement of a token that was not looked at; the newest one has the answer. */
const SUPERSEDED = { status: 'superseded' };

/**
 * One socket, from its handshake to its end.
 *
 * The tokens of its messages are verified in turn, and while one is, only the newest of the others
 * is kept. Rechecks do not wait for that; but before the token that they refuse closes the socket,
 * the one that is being verified may take its place.
 */
export class Connection {
  /** Whom the socket speaks for; nobody while it is anonymous. */
  principal?: CognitoPrincipal;

  private token?: string;
  /** The last token that was tried, which a fault may quote. */
  private offered?: string;
  private state: 'new' | 'held' | 'waiting' | 'open' | 'closed' = 'new';
  private handshakeCheck?: Promise<boolean>;
  private passed?: boolean;
  private entrances: (() => void)[] = [];
  private readonly offers: Offer[] = [];
  private verification?: Promise<void>;
  private trimming?: NodeJS.Immediate;
  private rechecking: Promise<void> = Promise.resolve();
  private dueRecheck?: Promise<void>;
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly client: object,
    private readonly socket: ClientSocket,
    private readonly setup: ConnectionSetup,
  ) {}

  /** Whether messages may reach the application. */
  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** The same text for all tokens of a caller; `undefined` unless the socket is let in. */
  get caller(): string | undefined {
    if (!this.passed && this.state !== 'open') return undefined;
    if (!this.principal) return 'nobody';
    const { kind, userPoolId, sub, clientId } = this.principal;
    return JSON.stringify([userPoolId, kind, kind === 'user' ? sub : clientId]);
  }

  /**
   * Verifies the token of the handshake, once. Resolves with whether the socket may enter already.
   *
   * @throws CognitoAuthError, or what a hook throws
   */
  checkHandshake(): Promise<boolean> {
    return (this.handshakeCheck ??= this.verifyHandshake());
  }

  /** Shows the socket to the application: now, or once it is authenticated. */
  enter(entrance: () => void): void {
    if (this.state === 'open') return entrance();
    if (this.state === 'closed') return;
    this.entrances.push(entrance);
    if (this.state === 'new') this.start();
  }

  /** Verifies the token again, and closes the socket when it is good no more. */
  recheck(): Promise<void> {
    // One that has begun may have asked too early; another one after it is enough for all.
    this.dueRecheck ??= this.rechecking.then(() => {
      this.dueRecheck = undefined;
      return (this.rechecking = this.recheckNow().catch(this.report));
    });
    return this.dueRecheck;
  }

  /** Logs an error that is no refusal. */
  readonly report = (error: unknown): void => {
    reportFault(error, [this.token, this.offered]);
  };

  private start(): void {
    this.socket.onClose(() => this.end());
    // The middleware of socket.io has asked before, but for a socket that comes back in vain.
    if (this.passed) return this.proceed(true);
    this.socket.conceal();
    this.hold();
    if (this.passed === false) return this.proceed(false);
    this.checkHandshake()
      .then((mayEnter) => this.proceed(mayEnter))
      .catch((error: unknown) => this.close(error))
      .catch(this.report);
  }

  private async verifyHandshake(): Promise<boolean> {
    const token = await this.handshakeToken();
    const { withoutToken } = this.setup.options;
    if (token !== null) await this.authenticate(token);
    else if (withoutToken === 'refuse') throw missingToken();
    return (this.passed = token !== null || withoutToken === 'admit');
  }

  private proceed(mayEnter: boolean): void {
    if (this.state === 'closed') return;
    this.setup.bindAuthenticate(this.client, (data, reply) => this.takeToken(data, reply));
    if (mayEnter) this.open();
    else this.awaitToken();
  }

  private open(): void {
    this.state = 'open';
    this.setup.entered(this);
    this.awaitExpiry();
    this.socket.reveal();
    for (const entrance of this.entrances.splice(0)) entrance();
    this.socket.release();
  }

  private awaitToken(): void {
    this.state = 'waiting';
    const { authenticateEvent, authenticateWithin } = this.setup.options;
    const refuse = () => this.close(missingToken());
    this.startTimer(authenticateWithin, refuse);
    this.socket.expect(authenticateEvent, refuse);
  }

  private takeToken(data: unknown, reply: unknown): void {
    if (this.state === 'closed') return;
    if (this.state === 'waiting') this.hold();
    this.offers.push({ token: tokenIn(data), reply });
    if (!this.verification) void this.verifyOffers();
    // Those that arrive together are all verified, if that takes no waiting for anybody else.
    else this.trimming ??= setImmediate(() => this.keepNewestOffer());
  }

  private async verifyOffers(): Promise<void> {
    for (let offer = this.offers.shift(); offer; offer = this.offers.shift()) {
      this.verification = this.verifyOffer(offer).catch(this.report);
      // oxlint-disable-next-line no-await-in-loop -- the newest one counts
      await this.verification;
    }
    this.verification = undefined;
  }

  private async verifyOffer({ token, reply }: Offer): Promise<void> {
    try {
      await this.authenticate(token);
      this.answer(reply, 'authenticated', { status: 'ok', expiresAt: this.principal?.expiresAt });
      if (this.state === 'open') this.awaitExpiry();
      if (this.state === 'held') this.open();
    } catch (error) {
      this.refuseToken(error, reply);
    }
  }

  private keepNewestOffer(): void {
    this.trimming = undefined;
    for (const { reply } of this.offers.splice(0, this.offers.length - 1)) {
      if (typeof reply === 'function') reply(SUPERSEDED);
    }
  }

  private async recheckNow(): Promise<void> {
    const { token } = this;
    if (token === undefined || this.state === 'closed') return;
    const { auth, options } = this.setup;
    try {
      // A session may have newer tokens by now.
      const principal = await auth.verifyConnection(this.client, token, options.rules);
      if (this.token === token) this.principal = principal;
    } catch (error) {
      this.report(error);
      // Nobody can tell during an outage whether an expired token is tolerated.
      const isRefused = isFinal(error) || this.hasExpired();
      if (isRefused) await this.verification;
      if (isRefused && this.token === token) return this.close(error);
    }
    this.awaitExpiry();
  }

  private hold(): void {
    this.state = 'held';
    clearTimeout(this.timer);
    this.socket.hold(() => this.close(tooManyMessages()));
  }

  /** The former token stays, where there is one. */
  private refuseToken(error: unknown, reply: unknown): void {
    if (this.state !== 'open') return this.close(error);
    this.report(error);
    this.answer(reply, 'exception', refusalOf(error).body);
  }

  private answer(reply: unknown, event: string, body: object): void {
    if (this.state === 'closed') return;
    if (typeof reply === 'function') reply(body);
    else this.socket.send(event, body);
  }

  private async authenticate(token: string): Promise<void> {
    const { auth, options } = this.setup;
    this.offered = token;
    this.principal = await auth.authenticateConnection(this.client, token, {
      ...options.rules,
      allowUserChange: options.allowUserChange,
      onRefused: (error) => this.messageRefused(error),
    });
    this.token = token;
  }

  private async handshakeToken(): Promise<string | null> {
    const { auth, options } = this.setup;
    const { handshake } = this.socket;
    const { userPools } = options.rules;
    const { tokenFrom } = options;
    if (tokenFrom) return auth.tokenOf(handshake, { tokenFrom, userPools });
    const sent = await auth.tokenOf(handshake, { tokenFrom: [HANDSHAKE_AUTH] });
    return sent ?? auth.tokenOf(handshake, { userPools });
  }

  // Another route may accept what this one refused, so the token itself has to be asked about.
  private messageRefused(error: CognitoAuthError): void {
    if (error.getStatus() === 401) void this.recheck();
  }

  private close(error: unknown): void {
    if (this.state === 'closed') return;
    this.report(error);
    this.end();
    this.socket.close(refusalOf(error));
  }

  private end(): void {
    this.state = 'closed';
    this.entrances = [];
    this.offers.length = 0;
    clearTimeout(this.timer);
    this.setup.left(this);
  }

  // setTimeout takes no longer delay; what it calls looks at the clock again.
  private hasExpired(): boolean {
    return this.principal !== undefined && this.principal.expiresAt.getTime() <= Date.now();
  }

  private awaitExpiry(): void {
    if (!this.principal || this.state === 'closed') return;
    const left = this.principal.expiresAt.getTime() - Date.now();
    const delay = Math.min(left > 0 ? left : SECOND, LONGEST_DELAY);
    this.startTimer(delay, () => void this.recheck());
  }

  private startTimer(delay: number, callback: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(callback, delay).unref();
  }
}

function tokenIn(data: unknown): string {
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, 'token')) return '';
  return (data as { token: string }).token;
}

function missingToken(): CognitoAuthError {
  return new CognitoAuthError('missing_token', 'The socket has no token; it needs one to connect');
}

function tooManyMessages(): CognitoAuthError {
  const message = 'The socket sent too many messages before its token was verified';
  return new CognitoAuthError('malformed_request', message);
}
