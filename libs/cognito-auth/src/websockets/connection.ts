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

/**
 * One socket, from its handshake to its end.
 *
 * What is decided about it is decided in turn, so that the newest token counts, and a refusal of
 * the former one cannot overtake it.
 */
export class Connection {
  /** Whom the socket speaks for; nobody while it is anonymous. */
  principal?: CognitoPrincipal;

  private token?: string;
  /** The last token that was tried, which a fault may quote. */
  private offered?: string;
  private state: 'new' | 'held' | 'waiting' | 'open' | 'closed' = 'new';
  private passed?: boolean;
  private entrances: (() => void)[] = [];
  private turn: Promise<void> = Promise.resolve();
  private isRecheckDue = false;
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

  /**
   * Verifies the token of the handshake. Resolves with whether the socket may enter already.
   *
   * @throws CognitoAuthError, or what a hook throws
   */
  async checkHandshake(): Promise<boolean> {
    const token = await this.handshakeToken();
    const { withoutToken } = this.setup.options;
    if (token !== null) await this.authenticate(token);
    else if (withoutToken === 'refuse') throw missingToken();
    return (this.passed = token !== null || withoutToken === 'admit');
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
    this.isRecheckDue = true;
    return this.inTurn(async () => {
      if (!this.isRecheckDue || this.token === undefined || this.state === 'closed') return;
      this.isRecheckDue = false;
      const { auth, options } = this.setup;
      try {
        // A session may have newer tokens by now.
        this.principal = await auth.verifyConnection(this.client, this.token, options.rules);
      } catch (error) {
        if (isFinal(error)) return this.close(error);
        this.report(error);
      }
      this.awaitExpiry();
    });
  }

  /** Logs an error that is no refusal. */
  report(error: unknown): void {
    reportFault(error, [this.token, this.offered]);
  }

  private start(): void {
    this.socket.onClose(() => this.end());
    // The middleware of socket.io has asked before, but for a socket that socket.io recovered.
    if (this.passed) return this.proceed(true);
    this.socket.conceal();
    this.hold();
    if (this.passed === false) return this.proceed(false);
    void this.inTurn(async () => {
      try {
        this.proceed(await this.checkHandshake());
      } catch (error) {
        this.close(error);
      }
    });
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
    void this.inTurn(async () => {
      try {
        await this.authenticate(tokenIn(data));
        this.answer(reply, 'authenticated', { status: 'ok', expiresAt: this.principal?.expiresAt });
        if (this.state === 'open') this.awaitExpiry();
        if (this.state === 'held') this.open();
      } catch (error) {
        this.refuseToken(error, reply);
      }
    });
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
    if (error.getStatus() === 401 && !this.isRecheckDue) void this.recheck();
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
    clearTimeout(this.timer);
    this.setup.left(this);
  }

  // setTimeout takes no longer delay; what it calls looks at the clock again.
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

  private inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.turn.then(task).catch((error: unknown) => this.report(error));
    this.turn = done;
    return done;
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
