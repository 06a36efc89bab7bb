import { clientWithId } from './local-clients.js';
import type { LocalUserPool } from './local-user-pool.js';
import type { LocalSession } from './refresh-tokens.js';
import type { TokenResponse } from './token.endpoint.js';

/** The tokens of a user's session: with an ID token unless the scopes leave out `openid`. */
export function sessionTokens(
  pool: LocalUserPool,
  session: LocalSession,
  nonce?: string,
): TokenResponse {
  const { username, clientId, scopes } = session;
  const accessToken = pool.accessToken(username, session);
  const isOAuth = scopes !== undefined;
  const idOptions = { ...session, nonce, accessToken: isOAuth ? accessToken : undefined };
  return {
    ...((!isOAuth || scopes.includes('openid')) && { id_token: pool.idToken(username, idOptions) }),
    access_token: accessToken,
    expires_in: clientWithId(clientId, pool.clients).accessTokenValidity,
    token_type: 'Bearer',
  };
}
