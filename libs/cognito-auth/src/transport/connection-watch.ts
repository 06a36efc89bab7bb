import { HttpException } from '@nestjs/common';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';

/** A socket of ws. */
export interface Socket {
  close(code: number, reason: string): void;
  once(event: 'close', listener: () => void): unknown;
}

type Verification = () => Promise<CognitoPrincipal>;

/** For those who only listen: no guard sees them again. */
const RECHECK_EVERY = 60_000;

/** For a token that has expired and is tolerated. */
const TOLERATED_WAIT = 1000;

/** While keys, a store or a hook cannot be asked: the first wait, and the longest one. */
const FIRST_RETRY = 1000;
const LAST_RETRY = 30_000;

const watches = new WeakMap<Socket, ConnectionWatch>();

/** Ends a connection with its token. */
export class ConnectionWatch {
  private timer?: NodeJS.Timeout;
  private isOver = false;
  private verify?: Verification;
  private expiresAt = 0;
  private retries = 0;

  private constructor(private readonly socket: Socket) {
    socket.once('close', () => {
      this.isOver = true;
      clearTimeout(this.timer);
    });
  }

  static of(socket: Socket): ConnectionWatch {
    let watch = watches.get(socket);
    if (!watch) watches.set(socket, (watch = new ConnectionWatch(socket)));
    return watch;
  }

  /** Verifies a token again when it expires, or before; it takes the place of a former one. */
  start(principal: CognitoPrincipal, verify: Verification): void {
    this.verify = verify;
    this.schedule(principal);
  }

  private schedule({ expiresAt }: CognitoPrincipal): void {
    this.retries = 0;
    this.expiresAt = expiresAt.getTime();
    this.recheckWithin(RECHECK_EVERY, TOLERATED_WAIT);
  }

  /** @param tolerated how long to wait once the token has expired; both in milliseconds */
  private recheckWithin(wait: number, tolerated: number): void {
    if (this.isOver) return;
    clearTimeout(this.timer);
    const remaining = this.expiresAt - Date.now();
    const delay = remaining > 0 ? Math.min(remaining, wait) : tolerated;
    this.timer = setTimeout(() => void this.recheck(), delay).unref();
  }

  private async recheck(): Promise<void> {
    const { verify } = this;
    if (!verify) return;
    try {
      const principal = await verify();
      if (verify === this.verify) this.schedule(principal);
    } catch (error) {
      // The connection has another token by now.
      if (verify !== this.verify) return;
      if (isRefusal(error) || this.expiresAt <= Date.now()) disconnect(this.socket, error);
      else this.retry();
    }
  }

  /** An outage is no reason to close: all clients would come back at once, and find it as it was. */
  private retry(): void {
    const wait = Math.min(FIRST_RETRY * 2 ** this.retries, LAST_RETRY);
    this.retries += 1;
    this.recheckWithin(wait, TOLERATED_WAIT);
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() < 500;
}

/**
 * Tells a client why, and closes. Clients of graphql-ws connect again after these close codes, with
 * the token that they have then.
 */
export function disconnect(socket: Socket, error: unknown): void {
  const reason = error instanceof CognitoAuthError ? error.code : 'refused';
  socket.close(isRefusal(error) ? 4403 : 4503, reason);
}
