import type { IncomingMessage } from 'node:http';
import { isCrossSite as isFromOtherSite } from '../http/cross-site.js';

/** Whether a browser says that another site made it send this request. */
export function isCrossSite({ headers }: IncomingMessage, ownOrigin: string): boolean {
  // A form of a page without referrer has the origin "null", and an application may have several
  // names: a browser that says how the two are related has compared what it sees itself.
  const isCompared = headers['sec-fetch-site'] !== undefined;
  return isFromOtherSite(headers, (origin) => isCompared || origin === ownOrigin);
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
