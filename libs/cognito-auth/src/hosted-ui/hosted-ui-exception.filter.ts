import { Catch, HttpException, Inject } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { CognitoAuthError, CognitoAuthService } from '../index.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { connectionsOf } from './connected-requests.js';
import { errorPage, PAGE_HEADERS } from './error-page.js';
import { HostedUi } from './hosted-ui.js';
import { isNavigation, prefersHtml } from './navigation.js';

/** Answers people with a page, and programs with JSON. */
@Catch(HttpException)
export class HostedUiExceptionFilter extends BaseExceptionFilter<HttpException> {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(CognitoAuthService) private readonly auth: CognitoAuthService,
    @Inject(HostedUi) private readonly hostedUi: HostedUi,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(exception: HttpException, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const [request, response] = host.getArgs<[{ headers: Record<string, string> }, unknown]>();
    // The guard of the routes has answered, and keeps Nest from calling their handlers.
    if (httpAdapter.isHeadersSent(response)) return;
    const page = asksForPage(request.headers) ? this.pageOf(exception, request) : undefined;
    const headers = { ...this.headersOf(exception), ...(page && PAGE_HEADERS) };
    for (const [name, value] of Object.entries(headers)) {
      httpAdapter.setHeader(response, name, value);
    }
    httpAdapter.reply(response, page ?? bodyOf(exception), exception.getStatus());
  }

  private pageOf(exception: HttpException, request: object): string {
    const connection = connectionsOf(request).find(({ owner }) => owner === this.hostedUi);
    const { code } = { ...(exception.getResponse() as { code?: unknown }) };
    const { message } = exception;
    return errorPage({
      message,
      // That of somebody else's exception may be a number, or anything.
      code: typeof code === 'string' || typeof code === 'number' ? String(code) : 'error',
      loginPath: connection?.loginPath() ?? '/',
    });
  }

  private headersOf(exception: HttpException): Record<string, string> {
    const headers: Record<string, string> = { 'Cache-Control': 'no-store' };
    if (!(exception instanceof CognitoAuthError || exception instanceof CognitoHostedUiError)) {
      return headers;
    }
    const challenge = exception.challenge(this.auth.realm);
    if (challenge) headers['WWW-Authenticate'] = challenge;
    if (exception.retryAfter) headers['Retry-After'] = String(exception.retryAfter);
    return headers;
  }
}

/** What Nest answers: a text alone would be sent as a page. */
function bodyOf(exception: HttpException): object {
  const body = exception.getResponse();
  return typeof body === 'object' ? body : { statusCode: exception.getStatus(), message: body };
}

function asksForPage(headers: Record<string, string>): boolean {
  return isNavigation(headers) || prefersHtml(headers);
}
