import { authorizationCodeGrant } from './authorization-code.grant.js';
import { authenticatedClient } from './client-authentication.js';
import { clientCredentialsGrant } from './client-credentials.grant.js';
import { type Endpoint, type EndpointContext, jsonAnswer } from './endpoint.js';
import type { LocalClient } from './local-clients.js';
import { answerOr, jsonRefusal, OAuthError } from './oauth-error.js';
import { refreshTokenGrant } from './refresh-token.grant.js';
import { formOf, requiredIn } from './request-form.js';

/** One way to get tokens: answers an authenticated app client, or throws an OAuthError. */
export type Grant = (
  context: EndpointContext,
  client: LocalClient,
  form: URLSearchParams,
) => TokenResponse;

/** What the token endpoint answers with; times are in seconds. */
export interface TokenResponse {
  id_token?: string;
  access_token: string;
  refresh_token?: string;
  expires_in: number;
  token_type: 'Bearer';
}

const GRANTS = new Map<string, Grant>([
  ['authorization_code', authorizationCodeGrant],
  ['client_credentials', clientCredentialsGrant],
  ['refresh_token', refreshTokenGrant],
]);

/** Issues tokens, as `/oauth2/token` of a Cognito domain does. */
export function tokenEndpoint(context: EndpointContext): Endpoint {
  const path = '/oauth2/token';
  return {
    path,
    methods: ['POST'],
    isOpenToAllOrigins: true,
    headers: { 'cache-control': 'no-store' },
    metadata: {
      token_endpoint: context.url + path,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    },
    answer: (request) =>
      answerOr(jsonRefusal, async () => {
        const form = await formOf(request);
        return jsonAnswer(tokensFor(context, request.headers.authorization, form));
      }),
  };
}

function tokensFor(
  context: EndpointContext,
  authorization: string | undefined,
  form: URLSearchParams,
): TokenResponse {
  const grant = GRANTS.get(requiredIn(form, 'grant_type'));
  if (!grant) {
    throw new OAuthError(
      'unsupported_grant_type',
      `Supported grant types: ${[...GRANTS.keys()].join(', ')}.`,
    );
  }
  return grant(context, authenticatedClient(authorization, form, context.pool.clients), form);
}
