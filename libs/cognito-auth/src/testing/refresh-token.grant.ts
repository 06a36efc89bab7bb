import { OAuthError } from './oauth-error.js';
import { requiredIn } from './request-form.js';
import { sessionTokens } from './session-tokens.js';
import type { Grant } from './token.endpoint.js';

/** Gives new tokens of the same session; the refresh token stays the one that it is. */
export const refreshTokenGrant: Grant = ({ pool, refreshTokens }, client, form) => {
  const session = refreshTokens.sessionOf(requiredIn(form, 'refresh_token'));
  if (session?.clientId !== client.clientId) {
    throw new OAuthError('invalid_grant', 'This app client has no such refresh token.');
  }
  return sessionTokens(pool, session);
};
