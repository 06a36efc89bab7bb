import type { IncomingMessage } from 'node:http';

/**
 * Whether a browser says that another site made it send this request.
 *
 * Browsers do not let a page set these headers. A request with neither of them is not from a page
 * of another site in any current browser.
 * https://www.w3.org/TR/fetch-metadata/
 */
export function isCrossSite({ headers }: IncomingMessage, ownOrigin: string): boolean {
  const site = headers['sec-fetch-site'];
  // "none" is the address bar; "same-site" is a neighbour that is not this application.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return headers.origin !== undefined && headers.origin !== ownOrigin;
}

/** Whether a request may change something (RFC 9110 §9.2.1). */
export function isUnsafe({ method = 'GET' }: IncomingMessage): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method);
}

/**
 * Whether a browser sends this request before anybody has asked for it.
 *
 * https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header, and what came before it.
 */
export function isPrefetch({ headers }: IncomingMessage): boolean {
  const purposes = [headers['sec-purpose'], headers['purpose'], headers['x-moz']];
  return purposes.some((purpose) => /prefetch|prerender|preview/i.test(String(purpose)));
}
