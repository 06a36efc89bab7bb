import { CognitoAuthOptionsError } from '../index.js';

/** The sign-in page of a user pool, as the Authorize button needs it. */
export interface HostedUi {
  /**
   * The address of the user pool's domain, such as
   * `https://example.auth.eu-west-1.amazoncognito.com`.
   *
   * `http:` only on this machine, for a local user pool.
   */
  domain: string;

  /**
   * An app client without a secret, whose scopes include these.
   *
   * Its callback URLs have to list the page's `oauth2-redirect.html` exactly, for a page at `/docs`
   * `https://<your API>/docs/oauth2-redirect.html`.
   */
  clientId: string;

  /**
   * The scopes to ask for, all of them chosen beforehand: their names or, for a text of your own,
   * descriptions by name.
   */
  scopes: readonly string[] | Readonly<Record<string, string>>;
}

/** The name of the security scheme. */
export const HOSTED_UI = 'cognito-hosted-ui';

/** A sign-in page whose address and names are checked. */
export interface CheckedHostedUi {
  readonly authorizationUrl: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Descriptions by name. */
  readonly scopes: Readonly<Record<string, string>>;
}

/** @throws CognitoAuthOptionsError with one sentence for every wrong value */
export function checkHostedUi({ domain, clientId, scopes }: HostedUi): CheckedHostedUi {
  const names: readonly unknown[] = Array.isArray(scopes) ? scopes : Object.keys(scopes ?? {});
  const problems = [
    ...domainProblems(domain),
    ...clientProblems(clientId),
    ...scopeProblems(names),
  ];
  if (problems.length > 0) throw new CognitoAuthOptionsError(problems);

  const { origin } = new URL(domain);
  return {
    authorizationUrl: `${origin}/oauth2/authorize`,
    tokenUrl: `${origin}/oauth2/token`,
    clientId,
    scopes: describedScopes(scopes),
  };
}

/** The security scheme of a sign-in page. */
export function hostedUiScheme({ authorizationUrl, tokenUrl, scopes }: CheckedHostedUi) {
  return {
    type: 'oauth2' as const,
    description:
      'Sign in at the user pool; leave the client secret empty. Requests then carry the **access ' +
      'token** of that sign-in; for operations that require an ID token, paste one under `cognito`.',
    flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes: { ...scopes } } },
  };
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

function domainProblems(domain: unknown): string[] {
  const url = typeof domain === 'string' && URL.canParse(domain) ? new URL(domain) : undefined;
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK_HOSTS.has(url.hostname));
  // Nothing but the origin, whose slash may be there or not.
  if (url && isSafe && url.href === `${url.origin}/`) return [];
  return [
    '"hostedUi.domain" must be an address such as ' +
      'https://example.auth.eu-west-1.amazoncognito.com, without a path (http: only on this ' +
      `machine), got ${JSON.stringify(domain)}.`,
  ];
}

function clientProblems(clientId: unknown): string[] {
  // The API model of Cognito: ClientIdType.
  if (typeof clientId === 'string' && /^[\w+]{1,128}$/.test(clientId)) return [];
  return [`"hostedUi.clientId" must be the id of one app client, got ${JSON.stringify(clientId)}.`];
}

// RFC 6749 §3.3.
const SCOPE = /^[!#-[\]-~]+$/;

// Cognito gives them only together with openid.
const NEED_OPENID = ['email', 'phone', 'profile'];

function scopeProblems(names: readonly unknown[]): string[] {
  const wrong = names.find((name) => typeof name !== 'string' || !SCOPE.test(name));
  if (wrong !== undefined) {
    return [`"hostedUi.scopes" must be names of scopes, got ${JSON.stringify(wrong)}.`];
  }
  if (names.length === 0) return ['"hostedUi.scopes" must name at least one scope.'];
  const alone = names.includes('openid') ? [] : NEED_OPENID.filter((name) => names.includes(name));
  if (alone.length === 0) return [];
  return [`"hostedUi.scopes" has ${alone.join(', ')}, which Cognito gives only with openid.`];
}

function describedScopes(scopes: HostedUi['scopes']): Readonly<Record<string, string>> {
  if (!isList(scopes)) return { ...scopes };
  return Object.fromEntries(scopes.map((scope) => [scope, descriptionOf(scope)]));
}

function isList(scopes: HostedUi['scopes']): scopes is readonly string[] {
  return Array.isArray(scopes);
}

// The scopes that every user pool has.
const DESCRIPTIONS = new Map([
  ['openid', 'Who signs in, and an ID token'],
  ['email', 'Email address'],
  ['phone', 'Phone number'],
  ['profile', 'Name and all other attributes that the app client may read'],
  ['aws.cognito.signin.user.admin', 'Read and change the own account through the API of Cognito'],
]);

function descriptionOf(scope: string): string {
  // Of a custom scope. The identifier of a resource server may be a URL.
  const [, server, name] = /^(.+)\/(.+)$/.exec(scope) ?? [];
  return DESCRIPTIONS.get(scope) ?? (server ? `"${name}" at the resource server "${server}"` : '');
}
