import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';

/** Where this application is, as browsers see it. */
export interface Site {
  readonly origin: string;
  /** The path of the routes, with a slash at its end: `/auth/`. */
  readonly base: string;
}

/**
 * The part of the paths of this site that a proxy before the application takes off, such as `/shop`
 * or a stage of API Gateway; empty when there is none, `undefined` when the callback leads elsewhere.
 *
 * @param callbackPath where the application has the callback
 */
export function publicPrefixOf(redirectUri: string, callbackPath: string): string | undefined {
  const { pathname } = new URL(redirectUri);
  return pathname.endsWith(callbackPath) ? pathname.slice(0, -callbackPath.length) : undefined;
}

/** The address is known from the callback, so that a proxy before the application changes nothing. */
export function siteOf(redirectUri: string): Site {
  const { origin, pathname } = new URL('.', redirectUri);
  return { origin, base: pathname };
}

// It has to fit into a cookie beside those of the session.
const MAX_LENGTH = 1_024;

/** Routes that would sign in again, or out, or fail: coming back to them makes no sense. */
const DEAD_ENDS = [
  'login',
  'signup',
  'forgot-password',
  'passkeys',
  'callback',
  'refresh',
  'logout',
];

/**
 * A path of this site in its canonical form, fit for a redirect.
 *
 * @throws CognitoHostedUiError `invalid_return_to` for anything that could lead elsewhere
 */
export function returnPathOf(value: unknown, site: Site): string {
  const path = typeof value === 'string' ? pathWithin(value, site.origin) : undefined;
  if (path !== undefined && !isDeadEnd(path, site.base)) return path;
  throw new CognitoHostedUiError(
    'invalid_return_to',
    'returnTo must be a path of this site, such as /orders?page=2',
  );
}

function pathWithin(value: string, origin: string): string | undefined {
  if (!value.startsWith('/') || value.length > MAX_LENGTH || isSurprising(value)) return undefined;
  const url = new URL(value, origin);
  const path = url.pathname + url.search + url.hash;
  // `/.//evil.example` is within the site, but what is left of it after the dots is not.
  if (url.origin !== origin || path.startsWith('//') || path.length > MAX_LENGTH) return undefined;
  return path;
}

/** Browsers read a backslash as a slash, and leave out tabs and line breaks. */
function isSurprising(value: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  return value.startsWith('//') || /[\\\u0000-\u0020\u007f]/.test(value);
}

function isDeadEnd(path: string, base: string): boolean {
  const [pathname = ''] = path.split(/[?#]/, 1);
  // Express compares paths without case, and takes a slash at the end; Fastify decodes them.
  const plain = decoded(pathname).toLowerCase().replace(/\/+$/, '');
  return DEAD_ENDS.some((route) => plain === `${base.toLowerCase()}${route}`);
}

function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}
