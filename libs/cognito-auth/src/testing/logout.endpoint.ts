import type { IncomingMessage } from 'node:http';
import { redirectTo } from './authorization-answer.js';
import { authorizationTargetOf } from './authorization-request.js';
import { isRegistered } from './client-urls.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import type { LocalClient } from './local-clients.js';
import { LOGIN_PATH } from './login.endpoint.js';
import { answerOr, OAuthError } from './oauth-error.js';
import { errorPage } from './page.js';
import { checkNoneRepeated, queryOf, requiredIn, valueIn } from './request-form.js';

/**
 * Ends the session of a browser, as `/logout` of a Cognito domain does: not that of its tokens.
 *
 * This is not the logout of OpenID Connect: the address to go to is in `logout_uri`.
 */
export function logoutEndpoint(context: EndpointContext): Endpoint {
  const path = '/logout';
  return {
    path,
    methods: ['GET'],
    headers: { 'cache-control': 'no-store' },
    metadata: { end_session_endpoint: context.url + path },
    answer: (request) => answerOr(errorPage, () => signedOut(context, request)),
  };
}

function signedOut(context: EndpointContext, request: IncomingMessage): Answer {
  const query = queryOf(request);
  checkNoneRepeated(query);
  const location = query.has('logout_uri')
    ? logoutUrlIn(query, context.pool.clients)
    : signInUrlIn(query, context);
  return redirectTo(location, context.browserSessions.end(request));
}

function logoutUrlIn(query: URLSearchParams, clients: readonly LocalClient[]): string {
  const clientId = requiredIn(query, 'client_id');
  const client = clients.find((candidate) => candidate.clientId === clientId);
  if (!client) throw new OAuthError('invalid_client', 'There is no such app client.');

  const url = requiredIn(query, 'logout_uri');
  if (isRegistered(url, client.logoutUrls)) return url;
  throw new OAuthError(
    'redirect_mismatch',
    client.logoutUrls
      ? `The logout_uri "${url}" is not exactly one of "logoutUrls" of this app client.`
      : `The logout_uri "${url}" is not on this machine; list it in "logoutUrls" of this app client.`,
  );
}

// The other way to sign out: to the sign-in page, for another user.
function signInUrlIn(query: URLSearchParams, { pool, url }: EndpointContext): string {
  if (!valueIn(query, 'redirect_uri')) {
    throw new OAuthError('invalid_request', 'The parameter logout_uri or redirect_uri is missing.');
  }
  authorizationTargetOf(query, pool.clients);
  requiredIn(query, 'response_type');
  return `${url}${LOGIN_PATH}?${query.toString()}`;
}
