import { Inject, Injectable } from '@nestjs/common';
import type { Middleware } from './connected-requests.js';
import { HostedUi } from './hosted-ui.js';
import type { CognitoSession, HostedUiLoginStart } from './hosted-ui.js';

/**
 * Signs the users of browsers in and out, for a controller of your own.
 *
 * Every method takes the request of Express or Fastify, and lets its answer carry the cookies;
 * the answer itself is left to the caller. A test may replace it: routes, `fromSession()` and
 * redirects do not depend on it.
 */
@Injectable()
export class CognitoHostedUiService {
  /**
   * Lets a request find its session. The module runs it before whatever `main.ts` mounts by
   * `app.use()`; call it yourself only for servers and routers of your own. Once is enough, and
   * twice does no harm.
   *
   * @example `router.use(hostedUi.middleware)`
   */
  readonly middleware: Middleware;

  /** @internal */
  constructor(@Inject(HostedUi) private readonly hostedUi: HostedUi) {
    this.middleware = hostedUi.middleware;
  }

  /**
   * Begins a sign-in, and resolves with the address of Cognito to redirect to.
   *
   * @param returnTo the path to come back to; by default what `afterLogin` says
   * @param begin the page to open, and parameters for Cognito; the option `parameters` does not
   * restrict those that your code names
   * @throws CognitoHostedUiError `invalid_return_to`, `invalid_parameter`; `duplicate_cookie` when no
   * sign-in would help; `navigation_required` or `prefetch_refused` for what a page loads without its
   * user
   */
  login(request: object, returnTo?: unknown, begin?: HostedUiLoginStart): Promise<string> {
    return this.hostedUi.login(request, returnTo, begin);
  }

  /**
   * Ends a sign-in with what Cognito sent the browser back with, and resolves with the path to
   * redirect to. Nothing is set unless all of it is right. A browser that is signed in and comes
   * with an answer of before (the back button, a reload, an older tab) stays signed in.
   *
   * @throws CognitoHostedUiError `invalid_state`, `login_failed`, `code_rejected`,
   * `token_rejected`, `session_too_large`, `identity_provider_unavailable`, `store_unavailable`
   * @throws HttpException from `afterLogin`
   */
  callback(request: object): Promise<string> {
    return this.hostedUi.callback(request);
  }

  /**
   * The session of a browser, refreshed if need be; `null` when nobody is signed in.
   *
   * @throws CognitoAuthError when its tokens are not valid any more
   * @throws CognitoHostedUiError `identity_provider_unavailable`, `store_unavailable`
   */
  session(request: object): Promise<CognitoSession | null> {
    return this.hostedUi.session(request);
  }

  /**
   * Gets new tokens for the session of a browser.
   *
   * @throws CognitoAuthError `missing_token` when nobody is signed in
   * @throws CognitoHostedUiError `cross_site_request`, `session_expired`,
   * `identity_provider_unavailable`, `store_unavailable`
   */
  refresh(request: object): Promise<CognitoSession> {
    return this.hostedUi.refresh(request);
  }

  /**
   * Ends the session of a browser here and at Cognito, and resolves with the address of Cognito to
   * redirect to, which signs out of the hosted pages.
   *
   * @throws CognitoHostedUiError `cross_site_request`, `prefetch_refused`, `store_unavailable`
   */
  logout(request: object): Promise<string> {
    return this.hostedUi.logout(request);
  }
}
