import type { BrowserExchange } from './browser-exchange.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';

// Each is about 60 bytes of the answer.
const MAX_PATHS = 24;

/**
 * Takes cookies that came twice away from every path but that of ours: another program on this
 * machine, or an older version, set them for a path of its own, where they would stay beside ours for
 * good.
 *
 * Over https the prefix `__Host-` lets nobody do so. Over http, sites are on this machine only, whose
 * names have no domain to set a cookie for.
 *
 * @returns whether any of these names came twice
 */
export function removeDoubles(
  names: readonly string[],
  exchange: BrowserExchange,
  { cookies: { isSecure }, site }: Pick<ResolvedHostedUiOptions, 'cookies' | 'site'>,
): boolean {
  const doubles = names.filter((name) => exchange.isDouble(name));
  if (isSecure || doubles.length === 0) return doubles.length > 0;
  const paths = new Set(publicPathsOf(exchange, site.base).flatMap(pathsAbove));
  const shortestFirst = [...paths].toSorted((one, other) => one.length - other.length);
  for (const path of shortestFirst.slice(0, MAX_PATHS)) {
    for (const name of doubles) exchange.removeCookieAt(name, path);
  }
  return true;
}

/** The path of a request as a browser has it: a proxy may have taken off what stands before it. */
function publicPathsOf({ path }: BrowserExchange, base: string): string[] {
  const prefix = base.slice(0, base.lastIndexOf('/', base.length - 2));
  return [path, prefix + path];
}

/** The paths of all cookies that come with a request for this one (RFC 6265 §5.1.4), but for `/`. */
function pathsAbove(path: string): string[] {
  const above = [path];
  for (let end = path.indexOf('/', 1); end !== -1; end = path.indexOf('/', end + 1)) {
    above.push(path.slice(0, end), path.slice(0, end + 1));
    if (above.length > 2 * MAX_PATHS) break;
  }
  // RFC 6265 §4.1.1: what has other characters cannot be the path of a cookie.
  return above.filter((candidate) => /^\/[\x21-\x3a\x3d-\x7e]+$/.test(candidate));
}
