import { OAuthError } from './oauth-error.js';
import { requiredIn } from './request-form.js';
import { sessionTokens } from './session-tokens.js';
import type { Grant } from './token.endpoint.js';

/** Gives new tokens of the same session; a new refresh token only if those of the client rotate. */
export const refreshTokenGrant: Grant = ({ pool, refreshTokens }, client, form) => {
  const refreshToken = requiredIn(form, 'refresh_token');
  const session = refreshTokens.sessionOf(refreshToken);
  if (session?.clientId !== client.clientId) {
    throw new OAuthError('invalid_grant', 'This app client has no such refresh token.');
  }
  const tokens = sessionTokens(pool, session);
  return client.refreshTokenRotation
    ? { ...tokens, refresh_token: refreshTokens.rotate(refreshToken) }
    : tokens;
};
