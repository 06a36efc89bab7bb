import {
  type AuthorizationRequest,
  authorizationRequestOf,
  authorizationTargetOf,
} from './authorization-request.js';
import type { BrowserSession } from './browser-sessions.js';
import { withQuery } from './client-urls.js';
import type { Answer, EndpointContext } from './endpoint.js';
import { answerOr } from './oauth-error.js';

/**
 * Answers a valid authorization request, and tells the callback URL what is wrong with another.
 *
 * Throws when there is no callback URL that may be told: then nothing is redirected.
 */
export async function authorizationAnswer(
  query: URLSearchParams,
  { pool }: EndpointContext,
  answer: (authorization: AuthorizationRequest) => Answer,
): Promise<Answer> {
  const target = authorizationTargetOf(query, pool.clients);
  const { redirectUri, state } = target;
  return answerOr(
    ({ code, message }) =>
      redirectTo(withQuery(redirectUri, { error: code, error_description: message, state })),
    () => answer(authorizationRequestOf(query, target)),
  );
}

/** Sends a browser whose user has signed in back to the app, with an authorization code. */
export function codeAnswer(
  { codes }: EndpointContext,
  authorization: AuthorizationRequest,
  session: BrowserSession,
  cookie?: string,
): Answer {
  const { redirectUri, state } = authorization;
  const code = codes.issue({ request: authorization, session });
  return redirectTo(withQuery(redirectUri, { code, state }), cookie);
}

/** Sends a browser to another address, with a cookie if it is to keep one. */
export function redirectTo(location: string, cookie?: string): Answer {
  return { status: 302, headers: { location, ...(cookie && { 'set-cookie': cookie }) } };
}
