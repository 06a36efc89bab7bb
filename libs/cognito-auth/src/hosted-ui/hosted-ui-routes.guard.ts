import { Inject, Injectable, NotFoundException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { IncomingHttpHeaders } from 'node:http';
import { CognitoAuthError } from '../index.js';
import { AnsweredException } from './answered.exception.js';
import { parametersIn } from './authorization-parameters.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { HostedUi } from './hosted-ui.js';
import type { CognitoSession } from './hosted-ui.js';
import type { HostedUiPage } from './identity-provider.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import { isReadByScript } from './navigation.js';

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly query?: { readonly returnTo?: unknown };
}

/** An address to send a browser to, or a body for a script. */
type Answer = { readonly location: string } | { readonly body: object };

/**
 * Answers the routes of the hosted pages in place of their handlers.
 *
 * Guards run before interceptors. An envelope, a serializer or a cache of the whole application
 * would otherwise change a redirect, or give one user's answer to another. Guards of the whole
 * application, such as a throttler, still come first.
 */
@Injectable()
export class HostedUiRoutesGuard implements CanActivate {
  constructor(
    @Inject(HostedUi) private readonly hostedUi: HostedUi,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
  ) {}

  /** @throws AnsweredException once the answer is given: Nest has nothing left to do. */
  async canActivate(context: ExecutionContext): Promise<never> {
    const { httpAdapter } = this.adapterHost;
    const [request, response] = context.getArgs<[Request, unknown]>();
    httpAdapter.setHeader(response, 'Cache-Control', 'no-store');
    const answer = await this.answerTo(request);
    if ('location' in answer) httpAdapter.redirect(response, 302, answer.location);
    else httpAdapter.reply(response, answer.body, 200);
    throw new AnsweredException();
  }

  // By the address, which the router has matched already: the handler may be wrapped by a tracer.
  private async answerTo(request: Request): Promise<Answer> {
    const segment = lastSegmentOf(request.url);
    switch (segment) {
      case 'login':
      case 'signup':
      case 'forgot-password':
      case 'passkeys':
        return sentTo(await this.begin(request, segment), request);
      case 'callback':
        return { location: await this.hostedUi.callback(request) };
      case 'session':
        return { body: profileOf(await this.hostedUi.session(request)) };
      case 'refresh':
        return { body: { expiresAt: (await this.hostedUi.refresh(request)).expiresAt } };
      case 'logout':
        return sentTo(await this.hostedUi.logout(request), request);
      default:
        throw new NotFoundException();
    }
  }

  private begin(request: Request, page: HostedUiPage): Promise<string> {
    // Not as the framework reads it, whose parsers differ about what comes twice.
    const query = new URLSearchParams(request.url.replace(/^[^?]*/, ''));
    const parameters = parametersIn(query, this.options.parameters);
    return this.hostedUi.login(request, request.query?.returnTo, { page, parameters });
  }
}

function lastSegmentOf(url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  const segment = path.split('/').findLast((part) => part !== '');
  try {
    return decodeURIComponent(segment ?? '').toLowerCase();
  } catch {
    return undefined;
  }
}

/** A script is told where to send its page. */
function sentTo(url: string, { headers, method }: Request): Answer {
  return isReadByScript(headers, method === 'POST') ? { body: { url } } : { location: url };
}

/**
 * The part of a session that a page may know: no token, and no claim that is not about the user.
 *
 * @throws CognitoAuthError `missing_token` without a session
 */
function profileOf(session: CognitoSession | null): object {
  if (!session) throw new CognitoAuthError('missing_token', 'Nobody is signed in');
  const { user, identity, expiresAt } = session;
  const { sub, groups, scopes, authTime } = user;
  const { username, email, emailVerified, name } = { ...user, ...identity } as ProfileClaims;
  const { customAttributes } = identity;
  return {
    sub,
    username,
    email,
    emailVerified,
    name,
    groups,
    scopes,
    customAttributes,
    authTime,
    expiresAt,
  };
}

interface ProfileClaims {
  readonly username?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
}
