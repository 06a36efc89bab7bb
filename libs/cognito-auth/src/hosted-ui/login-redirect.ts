import type { IncomingMessage } from 'node:http';
import { CognitoAuthError } from '../index.js';
import type { CognitoAuthErrorCode } from '../index.js';
import { askedOf } from './connected-requests.js';
import type { HostedUiConnection } from './connected-requests.js';
import { isNavigation } from './navigation.js';

/** What requests of Express, Fastify and Node have in common here. */
interface PageRequest {
  readonly url: string;
  /** As it was received, where a router has taken something off. */
  readonly originalUrl?: string;
  /** The application of Express. */
  readonly app?: { path?(): string };
}

/**
 * The path that signs in and comes back to this page, for a browser that opens it and was refused;
 * `undefined` for whoever else, and where another token would be refused as well.
 *
 * @param name the registration to sign in at; by default the first one whose session was asked for.
 * One whose session does not count there would lead round in circles.
 */
export function loginPathFor(request: object, refusal: unknown, name?: string): string | undefined {
  const connection = askedOf(request).find(
    (candidate) => name === undefined || candidate.name === name,
  );
  if (!connection || !isCured(refusal, connection)) return undefined;
  if (!isPage(connection.exchange.request)) return undefined;
  return connection.loginPath(innerPathOf(request as PageRequest));
}

/** The path of a request within its application, without its query. */
export function pathOf(request: object): string {
  const [path = ''] = innerPathOf(request as PageRequest).split('?', 1);
  return path;
}

/** Without the path where an application is mounted in another one of Express. */
function innerPathOf({ url, originalUrl = url, app }: PageRequest): string {
  const mount = app?.path?.() ?? '';
  return originalUrl.startsWith(mount) ? originalUrl.slice(mount.length) : originalUrl;
}

// Whatever else a route does not like about a token, the next token has it, too: that would never end.
const CURED: ReadonlySet<CognitoAuthErrorCode> = new Set([
  'missing_token',
  'token_expired',
  'token_revoked',
  'unknown_key',
  'invalid_signature',
]);

function isCured(refusal: unknown, connection: HostedUiConnection): boolean {
  if (!(refusal instanceof CognitoAuthError)) return false;
  return CURED.has(refusal.code) && !connection.ignoresSession();
}

function isPage({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && isNavigation(headers);
}
