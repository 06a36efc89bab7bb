import type { IncomingMessage } from 'node:http';
import { type Answer, type Endpoint, type EndpointContext, jsonAnswer } from './endpoint.js';
import type { LocalUser } from './local-users.js';
import { answerOr, jsonRefusal, OAuthError } from './oauth-error.js';
import { readableAttributesOf, secondsOf, type TokenClaims } from './token-shapes.js';
import { verifiedClaimsOf } from './verified-claims.js';

/** Tells the attributes of the user that an access token is of, as `/oauth2/userInfo` does. */
export function userInfoEndpoint(context: EndpointContext): Endpoint {
  const path = '/oauth2/userInfo';
  return {
    path,
    // OpenID Connect Core §5.3.1 asks for both.
    methods: ['GET', 'POST'],
    isOpenToAllOrigins: true,
    headers: { 'cache-control': 'no-store' },
    metadata: { userinfo_endpoint: context.url + path },
    answer: (request) => answerOr(bearerRefusal, () => userInfo(context, request)),
  };
}

function userInfo(context: EndpointContext, request: IncomingMessage): Answer {
  const claims = liveClaimsOf(bearerTokenOf(request), context);
  const user = context.pool.users.find(({ username }) => username === claims?.username);
  if (!user) throw invalidToken(NOT_VALID);

  const scopes = String(claims?.scope).split(' ');
  if (!scopes.includes('openid')) throw invalidToken('Access token does not contain openid scope');
  return jsonAnswer({
    sub: user.sub,
    ...attributesOf(user, scopes),
    username: user.username,
  });
}

function bearerTokenOf({ headers }: IncomingMessage): string {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

function liveClaimsOf(
  token: string,
  { pool, refreshTokens }: EndpointContext,
): TokenClaims | undefined {
  const claims = verifiedClaimsOf(token, pool.jwks().keys);
  if (claims?.token_use !== 'access' || claims.iss !== pool.issuer) return undefined;
  if (typeof claims.exp !== 'number' || claims.exp <= secondsOf(new Date())) return undefined;
  return refreshTokens.isRevoked(claims.origin_jti) ? undefined : claims;
}

// Unlike in an ID token, booleans are strings here: Cognito's documentation of the endpoint.
function attributesOf(user: LocalUser, scopes: readonly string[]): TokenClaims {
  return Object.fromEntries(
    Object.entries(readableAttributesOf(user, scopes)).map(([name, value]) => [
      name,
      typeof value === 'boolean' ? String(value) : value,
    ]),
  );
}

// In Cognito's words.
const NOT_VALID =
  'Access token is expired, disabled, or deleted, or the user has globally signed out.';

function invalidToken(description: string): OAuthError {
  return new OAuthError('invalid_token', description, 401);
}

function bearerRefusal(error: OAuthError): Answer {
  const { headers, ...refusal } = jsonRefusal(error);
  const challenge = `Bearer error="${error.code}", error_description="${error.message}"`;
  return { ...refusal, headers: { ...headers, 'www-authenticate': challenge } };
}
