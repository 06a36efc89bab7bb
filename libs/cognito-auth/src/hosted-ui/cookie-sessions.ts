import type { BrowserExchange } from './browser-exchange.js';
import { secondsLeft, sessionIn } from './session.js';
import type { Session } from './session.js';
import type { SessionCookies } from './session-cookies.js';
import type { Found, Sessions } from './sessions.js';

/** Keeps sessions in the browser: sealed, in as many cookies as it takes. */
export class CookieSessions implements Sessions {
  readonly isShared = false;

  /** @param maxAge seconds */
  constructor(
    private readonly cookies: SessionCookies,
    private readonly maxAge: number,
  ) {}

  find(exchange: BrowserExchange): Found | Promise<Found> {
    const content = this.cookies.read('session', exchange);
    return content instanceof Promise
      ? content.then((unsealed) => sessionIn(unsealed, this.maxAge))
      : sessionIn(content, this.maxAge);
  }

  async keep(): Promise<void> {
    // Each browser gets it with its answer.
  }

  give(session: Session, exchange: BrowserExchange): Promise<void> {
    return this.cookies.write('session', session, secondsLeft(session, this.maxAge), exchange);
  }

  async current(): Promise<null> {
    return null;
  }

  async forget(session: Session): Promise<Session> {
    // There is nothing but the cookies.
    return session;
  }

  clear(exchange: BrowserExchange): void {
    this.cookies.clear(exchange);
  }
}
