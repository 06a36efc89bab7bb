import { Inject, Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import type { Configuration } from 'openid-client';
import { RegisteredCognitoAuthService } from '../index.js';
import type { CognitoAuthService } from '../index.js';
import type { CheckedParameters } from './authorization-parameters.js';
import { fetchOnce } from './fetch-once.js';
import type { Fetch } from './fetch-once.js';
import { CognitoHostedUiError, expiredSession, unavailable } from './cognito-hosted-ui.errors.js';
import { RESOLVED_OPTIONS } from './injection-tokens.js';
import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { ResolvedHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import type { Login } from './logins.js';
import { Peers } from './peers.js';
import type { OpenIdClient } from './peers.js';
import { reasonOf } from './reason-of.js';

/** A page of Cognito's that a browser can be sent to, in the words of our routes. */
export type HostedUiPage = keyof typeof PAGE_PATHS;

const AUTHORIZE_PATH = '/oauth2/authorize';

// docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html
const PAGE_PATHS = {
  login: AUTHORIZE_PATH,
  signup: '/signup',
  'forgot-password': '/forgotPassword',
  // Managed login only.
  passkeys: '/passkeys/add',
} as const;

/** What Cognito gave for a code or a refresh token. */
export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string;
  /** Absent when the one that was sent stays good. */
  readonly refreshToken?: string;
  /** When the first of them expires, in milliseconds of Unix time. */
  readonly expiresAt: number;
  /** Whom the ID token is about. */
  readonly sub: string;
}

/** The hosted pages and the OAuth endpoints of the user pool, through openid-client. */
@Injectable()
export class IdentityProvider implements OnModuleInit {
  private readonly logger = new Logger('CognitoHostedUiModule');
  private readonly client: OpenIdClient;
  private issuers: readonly string[] = [];

  /** @internal */
  constructor(
    @Inject(Peers) { openIdClient }: Peers,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedHostedUiOptions,
    @Inject(RegisteredCognitoAuthService) private readonly auth: CognitoAuthService,
  ) {
    this.client = openIdClient;
  }

  onModuleInit(): void {
    const { clientId } = this.options;
    this.issuers = this.auth.issuersOf(clientId);
    if (this.issuers.length > 0) return;
    throw wrongHostedUiOptions([
      `"clientId" must be an app client that CognitoAuthModule accepts, got ${JSON.stringify(clientId)}.`,
    ]);
  }

  /** Where the browser signs in, or up, or does what else this page is for. */
  async loginAddress(
    { state, nonce, codeVerifier }: Login,
    { page = 'login', parameters = {} }: { page?: HostedUiPage; parameters?: CheckedParameters },
  ): Promise<string> {
    const { domain, redirectUri, scopes, resource } = this.options;
    const configuration = this.configurationOf(this.issuers[0] as string);
    const { href } = this.client.buildAuthorizationUrl(configuration, {
      ...parameters,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      code_challenge: await this.client.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...(resource !== undefined && { resource }),
    });
    // All pages take the parameters of the authorization endpoint.
    return href.replace(domain + AUTHORIZE_PATH, domain + PAGE_PATHS[page]);
  }

  /** Where the browser signs out: Cognito's own parameters, not those of OpenID Connect. */
  logoutAddress(): string {
    const { domain, clientId, logoutUri } = this.options;
    const query = new URLSearchParams({ client_id: clientId, logout_uri: logoutUri });
    return `${domain}/logout?${query.toString()}`;
  }

  /**
   * The tokens for the answer that the browser brings back.
   *
   * @throws CognitoHostedUiError `login_failed`, `code_rejected`, `token_rejected`,
   * `identity_provider_unavailable`
   */
  async exchange(query: URLSearchParams, login: Login): Promise<Tokens> {
    if (query.getAll('code').length !== 1 && !query.has('error')) throw rejectedCode();
    const address = new URL(this.options.redirectUri);
    address.search = query.toString();
    try {
      return await this.ask(issuersFor(query, this.issuers), (configuration) =>
        this.client.authorizationCodeGrant(configuration, address, {
          expectedState: login.state,
          expectedNonce: login.nonce,
          pkceCodeVerifier: login.codeVerifier,
          idTokenExpected: true,
          ...(login.maxAge !== undefined && { maxAge: login.maxAge }),
        }),
      );
    } catch (error) {
      throw this.asLoginError(error);
    }
  }

  /**
   * New tokens for a refresh token.
   *
   * @throws CognitoHostedUiError `session_expired`, `identity_provider_unavailable`
   */
  async refresh(refreshToken: string): Promise<Tokens> {
    try {
      return await this.ask(this.issuers, (configuration) =>
        this.client.refreshTokenGrant(configuration, refreshToken),
      );
    } catch (error) {
      throw this.asRefreshError(error);
    }
  }

  /**
   * Ends the session of a refresh token at Cognito.
   *
   * @throws CognitoHostedUiError `identity_provider_unavailable`
   */
  async revoke(refreshToken: string): Promise<void> {
    const configuration = this.configurationOf(this.issuers[0] as string);
    try {
      await this.client.tokenRevocation(configuration, refreshToken);
    } catch (error) {
      throw unavailableIn(error) ?? unavailable(reasonOf(error));
    }
  }

  /**
   * openid-client compares the issuer of an ID token with one text, but a user pool has several:
   * the one answer of Cognito is shown to a configuration of each, until it is that of the issuer.
   */
  private async ask(
    issuers: readonly string[],
    grant: (configuration: Configuration) => ReturnType<OpenIdClient['refreshTokenGrant']>,
  ): Promise<Tokens> {
    const fetch = fetchOnce(this.options.timeout, this.options.fetch);
    let failure: unknown;
    for (const issuer of issuers) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one only when this one does not fit
        return tokensIn(await grant(this.configurationOf(issuer, fetch)));
      } catch (error) {
        if (!isAboutIssuer(error)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  private configurationOf(
    issuer: string,
    fetch: Fetch = fetchOnce(this.options.timeout, this.options.fetch),
  ): Configuration {
    const { domain, clientId, clientSecret } = this.options;
    const endpoints = {
      issuer,
      authorization_endpoint: domain + AUTHORIZE_PATH,
      token_endpoint: `${domain}/oauth2/token`,
      revocation_endpoint: `${domain}/oauth2/revoke`,
    };
    const { ClientSecretPost, None } = this.client;
    const authentication = clientSecret === undefined ? None() : ClientSecretPost(clientSecret);
    const configuration = new this.client.Configuration(
      endpoints,
      clientId,
      undefined,
      authentication,
    );
    configuration[this.client.customFetch] = fetch;
    if (domain.startsWith('http:')) this.client.allowInsecureRequests(configuration);
    return configuration;
  }

  private asLoginError(error: unknown): CognitoHostedUiError {
    const known = unavailableIn(error);
    if (known) return known;
    if (error instanceof this.client.AuthorizationResponseError) return failedLogin(error);
    if (error instanceof this.client.ResponseBodyError) {
      this.reportMisconfiguration(error.error);
      return rejectedCode(error);
    }
    return new CognitoHostedUiError(
      'token_rejected',
      'The tokens of this sign-in are not valid here; sign in again',
      { cause: reasonOf(error) },
    );
  }

  private asRefreshError(error: unknown): CognitoHostedUiError {
    const known = unavailableIn(error);
    if (known) return known;
    if (error instanceof this.client.ResponseBodyError) {
      if (error.error === 'invalid_grant') return expiredSession(reasonOf(error));
      this.reportMisconfiguration(error.error);
      return unavailable(reasonOf(error));
    }
    return isAboutToken(error) ? expiredSession(reasonOf(error)) : unavailable(reasonOf(error));
  }

  private reportMisconfiguration(error: string): void {
    if (error === 'invalid_grant') return;
    const name = TOKEN_ERRORS.has(error) ? error : 'an unknown error';
    this.logger.error(
      `Cognito refuses the app client: ${name} (options "clientId", "clientSecret", "redirectUri")`,
    );
  }
}

type TokenResponse = Awaited<ReturnType<OpenIdClient['refreshTokenGrant']>>;

/** @throws MissingIdToken when there is none, although Cognito sends one whenever `openid` was asked for */
function tokensIn(response: TokenResponse): Tokens {
  const claims = response.claims();
  if (!claims || response.id_token === undefined) throw new MissingIdToken();
  const accessExpiry = Date.now() + (response.expires_in ?? Infinity) * 1000;
  return {
    accessToken: response.access_token,
    idToken: response.id_token,
    ...(response.refresh_token !== undefined && { refreshToken: response.refresh_token }),
    expiresAt: Math.min(accessExpiry, claims.exp * 1000),
    sub: claims.sub,
  };
}

/** RFC 9207: an answer that names its issuer is good for that one only. */
function issuersFor(query: URLSearchParams, issuers: readonly string[]): readonly string[] {
  const named = query.get('iss');
  if (named === null) return issuers;
  if (issuers.includes(named)) return [named];
  throw rejectedCode();
}

/** An error of openid-client, and what it is about. */
interface ProtocolError {
  readonly code?: string;
  readonly cause?: { readonly cause?: { readonly claim?: string; readonly body?: unknown } };
}

function isAboutIssuer(error: unknown): boolean {
  const { code, cause } = error as ProtocolError;
  return code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' && cause?.cause?.claim === 'iss';
}

class MissingIdToken extends TypeError {
  override readonly name = 'MissingIdToken';

  constructor() {
    super('there is no ID token');
  }
}

/**
 * Whether an answer has tokens, and these are wrong. Anything else says nothing about the session:
 * a proxy answers JSON, too.
 */
function isAboutToken(error: unknown): boolean {
  if (error instanceof MissingIdToken) return true;
  const { code, cause } = error as ProtocolError;
  // About a body in which members of a token answer are missing, or about a token.
  if (code === 'OAUTH_INVALID_RESPONSE') return cause?.cause?.body === undefined;
  return (
    code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED' || code === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED'
  );
}

// Not an answer of Cognito, but of something before it.
const NO_ANSWER = new Set([
  'OAUTH_PARSE_ERROR',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
]);

/** What a fetch of ours failed with; openid-client wraps it. */
function unavailableIn(error: unknown): CognitoHostedUiError | undefined {
  if (error instanceof CognitoHostedUiError) return error;
  const { cause, code } = error as Error & { code?: string };
  if (cause instanceof CognitoHostedUiError) return cause;
  return code !== undefined && NO_ANSWER.has(code) ? unavailable(reasonOf(error)) : undefined;
}

interface OAuthError extends Error {
  readonly error: string;
  readonly error_description?: string;
}

function rejectedCode(refusal?: OAuthError): CognitoHostedUiError {
  const message = 'The sign-in service does not accept this sign-in any more; sign in again';
  return new CognitoHostedUiError('code_rejected', message, {
    cause: reasonOf(refusal),
    reason: refusal && knownIn(TOKEN_ERRORS, refusal.error),
    description: refusal?.error_description,
  });
}

function failedLogin({ error, error_description }: OAuthError): CognitoHostedUiError {
  const reason = knownIn(LOGIN_ERRORS, error);
  const message = `The sign-in did not succeed${reason === undefined ? '' : ` (${reason})`}`;
  return new CognitoHostedUiError('login_failed', message, {
    reason,
    description: error_description,
  });
}

function knownIn(errors: ReadonlySet<string>, error: string): string | undefined {
  return errors.has(error) ? error : undefined;
}

// RFC 6749 §5.2.
const TOKEN_ERRORS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

// RFC 6749 §4.1.2.1 and OpenID Connect Core §3.1.2.6.
const LOGIN_ERRORS = new Set([
  'invalid_request',
  'unauthorized_client',
  'access_denied',
  'unsupported_response_type',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
]);
