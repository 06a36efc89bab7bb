import { isCustomScope, type LocalClient } from './local-clients.js';
import { OAuthError } from './oauth-error.js';
import type { Grant } from './token.endpoint.js';

/** Gives a confidential app client an access token of its own. */
export const clientCredentialsGrant: Grant = ({ pool }, client, form) => {
  if (client.secret === undefined) {
    throw new OAuthError('unauthorized_client', 'An app client without a secret is no machine.');
  }
  const { clientId } = client;
  return {
    access_token: pool.clientToken({ clientId, scopes: grantedScopes(client, form) }),
    expires_in: client.accessTokenValidity,
    token_type: 'Bearer',
  };
};

function grantedScopes(client: LocalClient, form: URLSearchParams): readonly string[] {
  const allowed = client.scopes.filter(isCustomScope);
  const requested = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const granted = requested.length > 0 ? requested : allowed;
  if (granted.length > 0 && granted.every((scope) => allowed.includes(scope))) return granted;
  throw new OAuthError('invalid_scope', 'Only custom scopes of this app client can be granted.');
}
