import { createHash, randomUUID } from 'node:crypto';
import { OAuthError } from './oauth-error.js';
import { requiredIn, valueIn } from './request-form.js';
import { isSameText } from './same-text.js';
import { sessionTokens } from './session-tokens.js';
import type { Grant } from './token.endpoint.js';

/**
 * Gives the tokens of a sign-in for its authorization code.
 *
 * A second attempt with a code is refused; tokens of the first one stay valid, as in Cognito.
 */
export const authorizationCodeGrant: Grant = ({ pool, codes, refreshTokens }, client, form) => {
  const redirectUri = requiredIn(form, 'redirect_uri');
  const granted = codes.redeem(requiredIn(form, 'code'));
  if (granted?.request.client.clientId !== client.clientId) {
    throw new OAuthError('invalid_grant', 'This app client has no such authorization code.');
  }
  const { scopes, audience, codeChallenge, nonce } = granted.request;
  if (granted.request.redirectUri !== redirectUri) {
    // Cognito's code for it.
    throw new OAuthError(
      'unauthorized_client',
      'invalid_redirect: the redirect_uri is not that of the authorization request.',
    );
  }
  checkVerifier(valueIn(form, 'code_verifier'), codeChallenge);
  const session = {
    ...granted.session,
    clientId: client.clientId,
    scopes,
    audience,
    originJti: randomUUID(),
  };
  const refreshToken = refreshTokens.issue(session);
  return { ...sessionTokens(pool, session, nonce), refresh_token: refreshToken };
};

function checkVerifier(verifier: string | undefined, challenge: string | undefined): void {
  if (verifier === undefined && challenge === undefined) return;
  if (verifier === undefined) {
    throw new OAuthError('invalid_request', 'The parameter code_verifier is missing.');
  }
  // RFC 9700 §4.8.2: a verifier without a challenge means that somebody has taken PKCE away.
  if (challenge !== undefined && isSameText(challengeOf(verifier), challenge)) return;
  throw new OAuthError('invalid_grant', 'The code_verifier does not match the code_challenge.');
}

// RFC 7636 §4.6, the method S256.
function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
