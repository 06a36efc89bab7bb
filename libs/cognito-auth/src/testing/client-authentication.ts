import type { LocalClient } from './local-clients.js';
import { OAuthError } from './oauth-error.js';
import { requiredIn } from './request-form.js';
import { isSameText } from './same-text.js';

interface ClientCredentials {
  clientId: string;
  secret: string;
}

/**
 * The app client that sends this form: a confidential one with its secret, in the Authorization
 * header or in the form; a public one with its id alone.
 */
export function authenticatedClient(
  authorization: string | undefined,
  form: URLSearchParams,
  clients: readonly LocalClient[],
): LocalClient {
  const { clientId, secret } =
    authorization === undefined ? formCredentials(form) : basicCredentials(authorization, form);
  const client = clients.find((candidate) => candidate.clientId === clientId);
  if (!client) throw new OAuthError('invalid_client', 'There is no such app client.');
  if (!isSameText(secret, client.secret ?? '')) {
    throw new OAuthError(
      'invalid_client',
      client.secret === undefined
        ? 'This app client has no secret; send none.'
        : 'The secret of the app client is missing or wrong.',
    );
  }
  return client;
}

function formCredentials(form: URLSearchParams): ClientCredentials {
  return { clientId: requiredIn(form, 'client_id'), secret: form.get('client_secret') ?? '' };
}

function basicCredentials(authorization: string, form: URLSearchParams): ClientCredentials {
  const [, encoded] = /^Basic +([\w+/]+={0,2}) *$/i.exec(authorization) ?? [];
  if (encoded === undefined) throw malformed();
  // RFC 6749 §2.3: not more than one way to authenticate in a request.
  if (form.has('client_secret')) {
    throw new OAuthError('invalid_request', 'The secret is in the header and in the form.');
  }
  const [clientId = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':');
  const credentials = { clientId: unescaped(clientId), secret: unescaped(rest.join(':')) };
  if ((form.get('client_id') ?? credentials.clientId) === credentials.clientId) return credentials;
  throw new OAuthError('invalid_client', 'The header and the form name different app clients.');
}

// Only percent signs are decoded: ids and secrets of app clients may contain a plus.
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw malformed();
  }
}

function malformed(): OAuthError {
  return new OAuthError('invalid_client', 'The Authorization header is not well-formed Basic.');
}
