import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { cookie, cookieIn } from './cookies.js';
import { unguessableText } from './expiring-store.js';
import { isSameText } from './same-text.js';

const COOKIE = 'cognito-csrf';

/** The name of the form field that carries the token. */
export const FORM_TOKEN = '_csrf';

/**
 * Tells a form that a browser got from this server from one that another site made up.
 *
 * The token is derived from the cookie, not equal to it: browsers send a cookie to every port of
 * the host, so other servers of this machine see it.
 */
export class FormTokens {
  private readonly key = randomBytes(32);

  constructor(private readonly path: string) {}

  /** The token for a form, and the cookie to send with it. */
  issue(request: IncomingMessage): { token: string; cookie: string } {
    // One cookie for all forms of a browser, so that it can have several open.
    const id = this.idIn(request) ?? unguessableText();
    return { token: this.tokenOf(id), cookie: cookie(COOKIE, id, { path: this.path }) };
  }

  /**
   * Whether a form is from a page of this server: a browser says so itself, which no page can make it
   * say. Of pages that it opened at the same time only the last one's cookie is left, so that the
   * tokens of the others do not fit. Programs say nothing, and need the token.
   *
   * https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
   */
  isValid(request: IncomingMessage, form: URLSearchParams): boolean {
    const site = request.headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    const id = this.idIn(request);
    return id !== undefined && isSameText(form.get(FORM_TOKEN) ?? '', this.tokenOf(id));
  }

  private idIn(request: IncomingMessage): string | undefined {
    return /^[\w-]{43}$/.exec(cookieIn(request, COOKIE) ?? '')?.[0];
  }

  private tokenOf(id: string): string {
    return createHmac('sha256', this.key).update(id).digest('base64url');
  }
}
