import type { IncomingMessage } from 'node:http';
import { authenticatedClient } from './client-authentication.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import { answerOr, jsonRefusal, OAuthError } from './oauth-error.js';
import { formOf, requiredIn } from './request-form.js';

/** Ends the session of a refresh token, as `/oauth2/revoke` of a Cognito domain does. */
export function revokeEndpoint(context: EndpointContext): Endpoint {
  const path = '/oauth2/revoke';
  return {
    path,
    methods: ['POST'],
    isOpenToAllOrigins: true,
    headers: { 'cache-control': 'no-store' },
    metadata: { revocation_endpoint: context.url + path },
    answer: (request) => answerOr(revocationRefusal, () => revoked(context, request)),
  };
}

async function revoked(
  { pool, refreshTokens }: EndpointContext,
  request: IncomingMessage,
): Promise<Answer> {
  const form = await formOf(request);
  const client = authenticatedClient(request.headers.authorization, form, pool.clients);
  const token = requiredIn(form, 'token');
  if (isJwt(token)) {
    throw new OAuthError('unsupported_token_type', 'Only refresh tokens can be revoked.');
  }
  // RFC 7009 §2.2: a token that is not there is as good as revoked; nor is it there for an app client
  // to which it was not issued.
  const session = refreshTokens.sessionOf(token);
  if (session?.clientId === client.clientId) refreshTokens.revoke(session);
  return { status: 200 };
}

// Access tokens and ID tokens have three parts; refresh tokens have five.
function isJwt(token: string): boolean {
  return token.split('.').length === 3;
}

// Unlike the token endpoint, this one answers 401 to an app client that cannot be authenticated.
function revocationRefusal(error: OAuthError): Answer {
  const refusal = jsonRefusal(error);
  if (error.code !== 'invalid_client') return refusal;
  const headers = { ...refusal.headers, 'www-authenticate': 'Basic realm="oauth2"' };
  return { ...refusal, status: 401, headers };
}
