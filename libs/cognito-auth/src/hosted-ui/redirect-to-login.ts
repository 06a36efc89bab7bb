import { Catch, UseFilters } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { BaseExceptionFilter } from '@nestjs/core';
import { CognitoAuthError } from '../index.js';
import type { CognitoAuthErrorCode } from '../index.js';
import { connectionsOf } from './connected-requests.js';
import type { HostedUiConnection } from './connected-requests.js';
import { isNavigation } from './navigation.js';

/**
 * Sends a browser that opens a protected page without being signed in to log in, and back to the
 * page afterwards. Scripts and API clients still get 401.
 *
 * On a class it holds for every route; on a method for that one.
 *
 * @example `@RedirectToLogin()` beside `@Authenticated()`
 */
export function RedirectToLogin(): ClassDecorator & MethodDecorator {
  return UseFilters(RedirectToLoginFilter);
}

/** The exception filter of `@RedirectToLogin()`, for `APP_FILTER` and `@UseFilters()`. */
@Catch(CognitoAuthError)
export class RedirectToLoginFilter extends BaseExceptionFilter<CognitoAuthError> {
  override catch(exception: CognitoAuthError, host: ArgumentsHost): unknown {
    // GraphQL answers with what its filters return.
    if (host.getType() !== 'http') return exception;
    const [request, response] = host.getArgs<[PageRequest, PageResponse]>();
    const [connection] = connectionsOf(request);
    if (!connection || !isCured(exception, connection) || !isPage(connection.exchange.request)) {
      // oxlint-disable-next-line promise/valid-params -- not that of a promise
      return super.catch(exception, host);
    }
    const path = connection.loginPath(innerPathOf(request));
    response.removeHeader('WWW-Authenticate');
    response.header('Cache-Control', 'no-store');
    return this.httpAdapterHost?.httpAdapter.redirect(response, 302, path);
  }
}

/** What Express and Fastify have in common here. */
interface PageRequest {
  readonly url: string;
  readonly originalUrl?: string;
  /** Where Express has mounted the application. */
  readonly baseUrl?: string;
}

/** Where an application is mounted in another one of Express, that is no part of its paths. */
function innerPathOf({ url, originalUrl, baseUrl = '' }: PageRequest): string {
  return originalUrl?.slice(baseUrl.length) ?? url;
}

interface PageResponse {
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

// Whatever else a route does not like about a token, the next token has it, too: that would never end.
const CURED: ReadonlySet<CognitoAuthErrorCode> = new Set([
  'missing_token',
  'token_expired',
  'token_revoked',
  'unknown_key',
  'invalid_signature',
]);

function isCured({ code }: CognitoAuthError, connection: HostedUiConnection): boolean {
  return CURED.has(code) && !connection.ignoresSession();
}

function isPage({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && isNavigation(headers);
}
