import { isCognitoUrl, isRegistered } from './client-urls.js';
import { type LocalClient, OPENID_SCOPES } from './local-clients.js';
import { OAuthError } from './oauth-error.js';
import { checkNoneRepeated, requiredIn, valueIn } from './request-form.js';

/** Where the answer to an authorization request goes: to an address that its app client may name. */
export interface AuthorizationTarget {
  readonly client: LocalClient;
  readonly redirectUri: string;
  readonly state?: string;
}

/** What an app client may have once its user has signed in. */
export interface AuthorizationRequest extends AuthorizationTarget {
  readonly scopes: readonly string[];
  readonly nonce?: string;
  readonly codeChallenge?: string;
  /** The resource that the access token is to be bound to. */
  readonly audience?: string;
  readonly prompts: readonly string[];
  readonly loginHint?: string;
  /** The language of the pages. */
  readonly lang?: string;
  /** How old the sign-in of a browser may be, in seconds. Default: any age. */
  readonly maxAge?: number;
}

/** The app client and its callback URL; an error when there is nobody that a browser may be sent to. */
export function authorizationTargetOf(
  query: URLSearchParams,
  clients: readonly LocalClient[],
): AuthorizationTarget {
  const clientId = soleValueIn(query, 'client_id');
  const client = clients.find((candidate) => candidate.clientId === clientId);
  if (!client) throw new OAuthError('invalid_client', 'There is no such app client.');

  const redirectUri = soleValueIn(query, 'redirect_uri') ?? '';
  if (isRegistered(redirectUri, client.callbackUrls)) {
    return { client, redirectUri, state: soleValueIn(query, 'state') };
  }
  throw new OAuthError(
    'redirect_mismatch',
    client.callbackUrls
      ? `The redirect_uri "${redirectUri}" is not exactly one of "callbackUrls" of this app client.`
      : `The redirect_uri "${redirectUri}" is not on this machine; list it in "callbackUrls" of this app client.`,
  );
}

/** The whole request of an app client; an error that its callback URL can be told. */
export function authorizationRequestOf(
  query: URLSearchParams,
  target: AuthorizationTarget,
): AuthorizationRequest {
  checkNoneRepeated(query);
  checkResponseType(requiredIn(query, 'response_type'));
  return {
    ...target,
    scopes: scopesIn(query, target.client),
    nonce: valueIn(query, 'nonce'),
    codeChallenge: codeChallengeIn(query),
    audience: resourceIn(query),
    prompts: promptsIn(query),
    loginHint: valueIn(query, 'login_hint'),
    lang: valueIn(query, 'lang'),
    maxAge: maxAgeIn(query),
  };
}

// Of a parameter that is there more than once, no value is better than the other.
function soleValueIn(query: URLSearchParams, name: string): string | undefined {
  return query.getAll(name).length === 1 ? valueIn(query, name) : undefined;
}

function checkResponseType(responseType: string): void {
  if (responseType === 'code') return;
  if (responseType === 'token') {
    throw new OAuthError('unauthorized_client', 'This app client may not use the implicit grant.');
  }
  throw new OAuthError('invalid_request', 'The response_type must be code.');
}

function scopesIn(query: URLSearchParams, client: LocalClient): readonly string[] {
  const requested = listIn(query, 'scope');
  const scopes = requested.length > 0 ? requested : client.scopes;
  if (scopes.length === 0 || !scopes.every((scope) => client.scopes.includes(scope))) {
    throw new OAuthError('invalid_scope', 'Only scopes of this app client can be granted.');
  }
  if (!scopes.includes('openid') && scopes.some((scope) => OPENID_SCOPES.includes(scope))) {
    throw new OAuthError(
      'invalid_scope',
      'email, phone and profile need the scope openid as well.',
    );
  }
  return scopes;
}

function codeChallengeIn(query: URLSearchParams): string | undefined {
  const challenge = valueIn(query, 'code_challenge');
  const method = valueIn(query, 'code_challenge_method');
  if (challenge === undefined && method === undefined) return undefined;
  if (method !== 'S256') {
    throw new OAuthError('invalid_request', 'The code_challenge_method must be S256.');
  }
  // A SHA-256 in base64url without padding: RFC 7636 §4.2.
  if (challenge !== undefined && /^[\w-]{43}$/.test(challenge)) return challenge;
  throw new OAuthError('invalid_request', 'The code_challenge is not a SHA-256 in base64url.');
}

function resourceIn(query: URLSearchParams): string | undefined {
  const resource = valueIn(query, 'resource');
  if (resource === undefined || isCognitoUrl(resource)) return resource;
  throw new OAuthError('invalid_request', 'The resource is not an absolute URL.');
}

function promptsIn(query: URLSearchParams): readonly string[] {
  const prompts = listIn(query, 'prompt');
  // OpenID Connect Core §3.1.2.1.
  if (prompts.length < 2 || !prompts.includes('none')) return prompts;
  throw new OAuthError('invalid_request', 'The prompt none goes with no other.');
}

function maxAgeIn(query: URLSearchParams): number | undefined {
  const maxAge = valueIn(query, 'max_age');
  if (maxAge === undefined) return undefined;
  if (/^\d{1,9}$/.test(maxAge)) return Number(maxAge);
  throw new OAuthError('invalid_request', 'The max_age is not a whole number of seconds.');
}

function listIn(query: URLSearchParams, name: string): readonly string[] {
  return [...new Set((valueIn(query, name) ?? '').split(' ').filter((item) => item !== ''))];
}
