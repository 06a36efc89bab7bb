import type { BrowserExchange } from './browser-exchange.js';
import type { Session } from './session.js';

/** A session, or that there is none. */
export type Found = Session | null;

/** Where sessions are kept between the requests of a browser. */
export interface Sessions {
  /**
   * The session that the cookies of a request stand for; whatever is not ours stands for none. At
   * once where nothing but a known cookie says so.
   *
   * @throws CognitoHostedUiError `store_unavailable`
   */
  find(exchange: BrowserExchange): Found | Promise<Found>;

  /** Keeps a session where others look for it, once for all requests that wait for it. */
  keep(session: Session): Promise<void>;

  /**
   * Gives a session to a browser, in place of the one it had.
   *
   * @throws CognitoHostedUiError `session_too_large`
   */
  give(session: Session, exchange: BrowserExchange): Promise<void>;

  /** The session as it is kept now; `null` when nothing but the browser keeps it. */
  current(session: Session): Promise<Found>;

  /** Whether a session that is not kept any more is over. */
  readonly isShared: boolean;

  /** Forgets a session for good, and resolves with the newest of it that was kept. */
  forget(session: Session): Promise<Session>;

  /** Takes the cookies of the session away from a browser. */
  clear(exchange: BrowserExchange): void;
}
