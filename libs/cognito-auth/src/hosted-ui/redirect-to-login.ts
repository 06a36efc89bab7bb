import { Catch, Inject, Optional, UseFilters } from '@nestjs/common';
import type { ArgumentsHost, OnModuleInit, Type } from '@nestjs/common';
import { BaseExceptionFilter, ModulesContainer } from '@nestjs/core';
import { CognitoAuthError } from '../index.js';
import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { HostedUi } from './hosted-ui.js';
import { loginPathFor } from './login-redirect.js';

/**
 * Sends a browser that opens a protected page without being signed in to log in, and back to the
 * page afterwards. Scripts and API clients still get 401.
 *
 * On a class it holds for every route; on a method for that one. Without `CognitoHostedUiModule`
 * the application does not boot.
 *
 * @param name the registration to log in at, by its option `name`; by default the first one whose
 * session the route accepts
 * @example `@RedirectToLogin()` beside `@Authenticated()`
 */
export function RedirectToLogin(name?: string): ClassDecorator & MethodDecorator {
  return UseFilters(name === undefined ? RedirectToLoginFilter : filterFor(name));
}

interface PageResponse {
  header(name: string, value: string): unknown;
  removeHeader(name: string): unknown;
}

/** The exception filter of `@RedirectToLogin()`, for `APP_FILTER` and `@UseFilters()`. */
@Catch(CognitoAuthError)
export class RedirectToLoginFilter
  extends BaseExceptionFilter<CognitoAuthError>
  implements OnModuleInit
{
  /** The registration to log in at. */
  protected readonly registration?: string;

  /** @internal */
  @Optional()
  @Inject(ModulesContainer)
  readonly modules?: ModulesContainer;

  /** @throws CognitoAuthOptionsError when there is nowhere to log in */
  onModuleInit(): void {
    const names = [...(this.modules?.values() ?? [])]
      .map((module): unknown => module.providers.get(HostedUi)?.instance)
      .filter((hostedUi) => hostedUi instanceof HostedUi)
      .map(({ name }) => name);
    const { registration } = this;
    if (names.length === 0) throw wrongHostedUiOptions([WITHOUT_MODULE]);
    if (registration === undefined || names.includes(registration)) return;
    throw wrongHostedUiOptions([
      `@RedirectToLogin(${JSON.stringify(registration)}) names no registration; there are ${names.map((name) => JSON.stringify(name)).join(', ')} (option "name", by default the name of the user pool).`,
    ]);
  }

  override catch(exception: CognitoAuthError, host: ArgumentsHost): unknown {
    // GraphQL answers with what its filters return.
    if (host.getType() !== 'http') return exception;
    const [request, response] = host.getArgs<[object, PageResponse]>();
    const path = loginPathFor(request, exception, this.registration);
    const httpAdapter = this.applicationRef ?? this.httpAdapterHost?.httpAdapter;
    if (path === undefined || !httpAdapter) {
      // oxlint-disable-next-line promise/valid-params -- not that of a promise
      return super.catch(exception, host);
    }
    response.removeHeader('WWW-Authenticate');
    response.header('Cache-Control', 'no-store');
    return httpAdapter.redirect(response, 302, path);
  }
}

const WITHOUT_MODULE =
  '@RedirectToLogin() has nowhere to log in: add CognitoHostedUiModule.forRoot({ domain, clientId, redirectUri, logoutUri }) to the imports of the application.';

const filters = new Map<string, Type<RedirectToLoginFilter>>();

/** Nest creates filters by their class, so each name has one. */
function filterFor(name: string): Type<RedirectToLoginFilter> {
  const known = filters.get(name);
  if (known) return known;
  class NamedRedirectToLoginFilter extends RedirectToLoginFilter {
    protected override readonly registration = name;
  }
  filters.set(name, NamedRedirectToLoginFilter);
  return NamedRedirectToLoginFilter;
}
