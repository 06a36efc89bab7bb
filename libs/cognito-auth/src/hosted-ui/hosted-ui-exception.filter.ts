import { Catch, HttpException, Inject } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import { CognitoAuthError, RegisteredCognitoAuthService } from '../index.js';
import type { CognitoAuthService } from '../index.js';
import { AnsweredException } from './answered.exception.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { connectionsOf } from './connected-requests.js';
import { errorPage, headersOfOwnPage, PAGE_HEADERS } from './error-page.js';
import type { HostedUiRequest } from './error-page.js';
import { FailureLog } from './failure-log.js';
import { HostedUi } from './hosted-ui.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import { isNavigation, prefersHtml } from './navigation.js';

/** A page, and the headers that belong to it. */
interface Page {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers people with a page, and programs with JSON. */
@Catch(HttpException)
export class HostedUiExceptionFilter extends BaseExceptionFilter<HttpException> {
  constructor(
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(RegisteredCognitoAuthService) private readonly auth: CognitoAuthService,
    @Inject(HostedUi) private readonly hostedUi: HostedUi,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(FailureLog) private readonly failures: FailureLog,
  ) {
    super(adapterHost.httpAdapter);
  }

  override catch(exception: HttpException, host: ArgumentsHost): void {
    const [request, response] = host.getArgs<[HostedUiRequest, unknown]>();
    if (exception instanceof AnsweredException) return;
    if (!asksForPage(request.headers)) return this.answer(exception, response);
    const page = this.pageOf(exception, request);
    if (!this.options.errorPage) return this.answer(exception, response, page);
    // Nest does not wait for filters, and whatever they reject with ends the process.
    this.ownPage(exception, request, response)
      .then((own) => this.answer(exception, response, own ?? page))
      .catch((error: unknown) => this.failures.reportFault('An answer could not be sent', error));
  }

  private answer(exception: HttpException, response: unknown, page?: Page): void {
    const { httpAdapter } = this.adapterHost;
    // A timeout of the application may have been faster than its page.
    if (httpAdapter.isHeadersSent(response)) return;
    for (const [name, value] of Object.entries({
      ...this.headersOf(exception),
      ...page?.headers,
    })) {
      httpAdapter.setHeader(response, name, value);
    }
    httpAdapter.reply(response, page?.html ?? bodyOf(exception), exception.getStatus());
  }

  private pageOf(exception: HttpException, request: object): Page {
    const connection = connectionsOf(request).find(({ owner }) => owner === this.hostedUi);
    const { code } = { ...(exception.getResponse() as { code?: unknown }) };
    const html = errorPage({
      message: exception.message,
      // That of somebody else's exception may be a number, or anything.
      code: typeof code === 'string' || typeof code === 'number' ? String(code) : 'error',
      loginPath: connection?.loginPath() ?? '/',
    });
    return { html, headers: PAGE_HEADERS };
  }

  /** The page of the application; `undefined` when it has none, or none just now. */
  private async ownPage(
    exception: HttpException,
    request: HostedUiRequest,
    response: unknown,
  ): Promise<Page | undefined> {
    if (!this.options.errorPage) return undefined;
    try {
      const html: unknown = await this.options.errorPage(exception, request);
      if (typeof html !== 'string') throw new TypeError('it gave no text');
      const { httpAdapter } = this.adapterHost;
      const policy: unknown = httpAdapter.getHeader(response, 'Content-Security-Policy');
      return { html, headers: headersOfOwnPage(policy) };
    } catch (error) {
      this.failures.reportFault('The option "errorPage" failed', error);
      return undefined;
    }
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

function asksForPage(headers: HostedUiRequest['headers']): boolean {
  return isNavigation(headers) || prefersHtml(headers);
}
