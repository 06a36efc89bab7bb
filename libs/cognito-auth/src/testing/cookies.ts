import type { IncomingMessage } from 'node:http';

/** How long a cookie lives, and where it goes. */
export interface CookieOptions {
  /** In seconds; 0 takes the cookie away. Default: until the browser is closed. */
  maxAge?: number;
  /** Default: all paths. */
  path?: string;
}

/** A Set-Cookie header; the value must need no escaping. Scripts never see the cookie. */
export function cookie(name: string, value: string, options: CookieOptions = {}): string {
  const { maxAge, path = '/' } = options;
  const lifetime = maxAge === undefined ? '' : `; Max-Age=${maxAge}`;
  return `${name}=${value}; Path=${path}${lifetime}; HttpOnly; SameSite=Lax`;
}

/** The value of a cookie that a request carries. */
export function cookieIn(request: IncomingMessage, name: string): string | undefined {
  const cookies = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return cookies.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
