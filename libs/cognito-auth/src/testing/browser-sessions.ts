import type { IncomingMessage } from 'node:http';
import { cookie, cookieIn } from './cookies.js';
import { ExpiringStore } from './expiring-store.js';
import { secondsOf } from './token-shapes.js';

/** A sign-in that a browser remembers by its cookie. */
export interface BrowserSession {
  readonly username: string;
  /** In seconds. */
  readonly authTime: number;
}

// As in Cognito, and as there it is not prolonged by use.
const COOKIE = 'cognito';
const ONE_HOUR = 3600;

/**
 * Whether a sign-in is so young that an app client takes it without asking the user again. One of
 * the same second is not older than 0 seconds, and still is not a new one.
 */
export function isRecent({ authTime }: BrowserSession, maxAge = Infinity): boolean {
  return maxAge > 0 && secondsOf(new Date()) - authTime <= maxAge;
}

/** Which browsers are signed in at a local user pool: for one hour, unless they sign out. */
export class BrowserSessions {
  private readonly sessions = new ExpiringStore<BrowserSession>(ONE_HOUR);

  /** Signs a browser in, which it will remember by the cookie. */
  start(username: string): { session: BrowserSession; cookie: string } {
    const session = { username, authTime: secondsOf(new Date()) };
    const id = this.sessions.add(session);
    return { session, cookie: cookie(COOKIE, id, { maxAge: ONE_HOUR }) };
  }

  /** The session of the browser that sends a request. */
  of(request: IncomingMessage): BrowserSession | undefined {
    return this.sessions.get(cookieIn(request, COOKIE) ?? '');
  }

  /** Signs a browser out; returns the cookie that makes it forget its own. */
  end(request: IncomingMessage): string {
    this.sessions.take(cookieIn(request, COOKIE) ?? '');
    return cookie(COOKIE, '', { maxAge: 0 });
  }
}
