import type { IncomingMessage } from 'node:http';
import { authorizationAnswer, codeAnswer, redirectTo } from './authorization-answer.js';
import type { AuthorizationRequest } from './authorization-request.js';
import { isRecent } from './browser-sessions.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import { LOGIN_PATH } from './login.endpoint.js';
import { answerOr, OAuthError } from './oauth-error.js';
import { errorPage } from './page.js';
import { queryOf } from './request-form.js';

/** Gives an app client an authorization code, as `/oauth2/authorize` of a Cognito domain does. */
export function authorizeEndpoint(context: EndpointContext): Endpoint {
  const path = '/oauth2/authorize';
  return {
    path,
    methods: ['GET'],
    headers: { 'cache-control': 'no-store' },
    metadata: {
      authorization_endpoint: context.url + path,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    },
    answer: (request) =>
      answerOr(errorPage, () =>
        authorizationAnswer(queryOf(request), context, (authorization) =>
          codeOrSignIn(context, request, authorization),
        ),
      ),
  };
}

function codeOrSignIn(
  context: EndpointContext,
  request: IncomingMessage,
  authorization: AuthorizationRequest,
): Answer {
  const { prompts, maxAge } = authorization;
  const session = context.browserSessions.of(request);
  const isKnown = session !== undefined && isRecent(session, maxAge);
  if (isKnown && !prompts.some((prompt) => FORCING_PROMPTS.has(prompt))) {
    return codeAnswer(context, authorization, session);
  }
  if (prompts.includes('none')) {
    const reason = session ? 'The sign-in is older than max_age.' : NOBODY;
    throw new OAuthError('login_required', reason);
  }
  return redirectTo(`${context.url}${LOGIN_PATH}?${queryOf(request).toString()}`);
}

const NOBODY = 'Nobody has signed in with this browser.';

// Both let the user of a session be another one.
const FORCING_PROMPTS = new Set(['login', 'select_account']);
