import type { HttpException } from '@nestjs/common';
import type { CognitoUser } from '../index.js';
import type { HostedUiParameter } from './authorization-parameters.js';
import type { HostedUiRequest } from './error-page.js';
import type { HostedUiFetch } from './fetch-once.js';
import type { SessionStoreLike } from './session-store.js';

/** The cookies of the sessions. */
export interface HostedUiCookieOptions {
  /**
   * What the cookies are sealed with (encrypted and signed): a text of at least 32 characters that
   * nobody can guess, such as the output of `openssl rand -base64 32`. Of several the first one
   * seals and all unseal, so that secrets can be replaced without signing anybody out.
   *
   * Default: the variable `COGNITO_COOKIE_SECRET`, where commas stand between several. Without it
   * a random one per process, with a warning; production refuses to boot.
   */
  secret?: string | readonly string[] | undefined;

  /**
   * The name of the session cookie, which others begin with. Browsers are made to guard it by the
   * prefix `__Host-` when `redirectUri` is `https:`.
   *
   * Default: `'cognito-session'`.
   */
  name?: string | undefined;

  /**
   * Seconds from the sign-in until the session ends, refreshed or not.
   *
   * Default: 2,592,000 (30 days), as Cognito's refresh tokens.
   */
  maxAge?: number | undefined;
}

/** Who has just signed in, for `afterLogin`. */
export interface HostedUiLogin {
  /** What the access token proves. */
  readonly user: CognitoUser;
  /** What the ID token proves: email, name and the like. */
  readonly identity: CognitoUser;
  /** The path that the browser came from, if it said one. */
  readonly returnTo?: string;
}

/** What `CognitoHostedUiModule.forRoot()` takes. */
export interface CognitoHostedUiOptions {
  /**
   * The address of the user pool's domain, for example
   * `https://example.auth.eu-west-1.amazoncognito.com`.
   *
   * `http:` only on this machine, for a local user pool.
   */
  domain: string;

  /** The app client that users sign in through; `CognitoAuthModule` must accept its tokens. */
  clientId: string;

  /**
   * The secret of the app client.
   *
   * Default: none, for a public client. PKCE is used either way.
   */
  clientSecret?: string | undefined;

  /**
   * The public address of the callback, as it stands in the app client's callback URLs, for example
   * `https://app.example.com/auth/callback`. The other routes are beside it.
   *
   * `http:` only on this machine.
   */
  redirectUri: string;

  /**
   * Where Cognito sends the browser after signing out, as it stands in the app client's sign-out
   * URLs.
   */
  logoutUri: string;

  /**
   * The scopes to ask for; `openid` must be among them.
   *
   * Default: `openid` and `email`.
   */
  scopes?: readonly string[] | undefined;

  /**
   * The API that access tokens are to be bound to, a URL: Cognito writes it into `aud`, which the
   * option `audience` of `CognitoAuthModule` then asks for (RFC 8707).
   *
   * Default: none.
   */
  resource?: string | undefined;

  /**
   * Parameters that the address of `login`, `signup`, `forgot-password` and `passkeys` may hand on to
   * Cognito, as in `/auth/login?identity_provider=Google&lang=de`. Others are ignored; a value that a
   * parameter cannot have, or one that comes twice, is 400 `invalid_parameter`.
   *
   * Default: none.
   *
   * @example `['identity_provider', 'idp_identifier', 'login_hint', 'lang', 'prompt', 'max_age', 'acr_values']`
   */
  parameters?: readonly HostedUiParameter[] | undefined;

  /** The cookies of the sessions. */
  cookies?: HostedUiCookieOptions | undefined;

  /**
   * Where the tokens are kept, as a Keyv instance; the cookie then holds a session id only. What is
   * kept there is encrypted, too. Needed for large tokens, and where several instances of the
   * application use an app client whose refresh tokens rotate.
   *
   * Default: the tokens are in the cookies.
   *
   * @example `new Keyv(new KeyvRedis('redis://localhost:6379'))`
   */
  store?: SessionStoreLike;

  /**
   * The path to go to after a sign-in that did not say where it came from, or a function that
   * decides. The function is called after every sign-in, before the session is set. The path that it
   * returns wins; when it returns none, `returnTo` counts. An `HttpException` from it refuses the
   * sign-in; anything else, and a path that is not one of this site, is 503 `hook_failed`.
   *
   * Default: `'/'`.
   */
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a hook may decide nothing
  afterLogin?: string | ((login: HostedUiLogin) => string | void | Promise<string | void>);

  /**
   * A page of your own for people who cannot be signed in: HTML, or a promise of it. Escape what you
   * show of the error. The headers of the built-in page stay, except for its
   * `Content-Security-Policy`: that of the application counts, or one without scripts. When it fails,
   * the built-in page is shown, and the log says why.
   *
   * Default: a page that says what happened and what to press.
   */
  errorPage?:
    | ((error: HttpException, request: HostedUiRequest) => string | Promise<string>)
    | undefined;

  /**
   * Fetches from the token endpoint and the revocation endpoint, for example through a proxy. What
   * holds for every answer holds for those that it brings: `timeout`, 256 KB, no redirects.
   *
   * Default: the `fetch` of Node.js.
   */
  fetch?: HostedUiFetch | undefined;

  /**
   * Whether answers to requests that a session let in say `Cache-Control: private, no-store` where
   * their handlers say nothing: otherwise the back button shows them after their user has signed out.
   *
   * Default: true.
   */
  noStore?: boolean | undefined;

  /**
   * Milliseconds for one answer of Cognito, or of the store.
   *
   * Default: 3,000.
   */
  timeout?: number | undefined;
}
