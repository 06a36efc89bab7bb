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

/** For a token that has expired and is tolerated, and for one that cannot be verified just now. */
const SHORT_WAIT = 1000;

const watches = new WeakMap<Socket, ConnectionWatch>();

/** Ends a connection with its token. */
export class ConnectionWatch {
  private timer?: NodeJS.Timeout;
  private isOver = false;
  private verify?: Verification;
  private expiresAt = 0;

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
    this.expiresAt = expiresAt.getTime();
    const remaining = this.expiresAt - Date.now();
    this.recheckAfter(remaining > 0 ? Math.min(remaining, RECHECK_EVERY) : SHORT_WAIT);
  }

  private recheckAfter(wait: number): void {
    if (this.isOver) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.recheck(), wait).unref();
  }

  private async recheck(): Promise<void> {
    try {
      const principal = await this.verify?.();
      if (principal) this.schedule(principal);
    } catch (error) {
      // An outage ends nothing; but nobody can tell any more whether an expired token is tolerated.
      const isValid = this.expiresAt > Date.now();
      if (isValid && !isRefusal(error)) this.recheckAfter(SHORT_WAIT);
      else disconnect(this.socket, error);
    }
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
