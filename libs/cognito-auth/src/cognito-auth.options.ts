import type { JsonWebKey } from './keys/json-web-key.js';
import type { TokenUse } from './token/claims.js';
import type { TokenExtractor } from './transport/token-extractors.js';

/** One user pool whose tokens are accepted. */
export interface UserPoolOptions {
  /**
   * The name that routes and principals use for this user pool.
   *
   * Default: the user pool id.
   */
  name?: string;

  /** The id of the user pool, for example `eu-west-1_AbCdEf123`; its Region is read from it. */
  userPoolId: string;

  /**
   * The app client or clients whose tokens are accepted.
   *
   * `null` accepts the tokens of every app client of the user pool, and warns at every boot.
   */
  clientId: string | readonly string[] | null;

  /**
   * The kinds of token that routes accept, unless `@TokenUse()` says otherwise.
   *
   * Default: `'access'`.
   */
  tokenUse?: TokenUse | readonly TokenUse[];

  /**
   * Resource identifiers, one of which an access token must carry as `aud` (resource binding,
   * RFC 8707). ID tokens are not affected.
   *
   * Default: `aud` of access tokens is not looked at.
   */
  audience?: string | readonly string[];

  /**
   * Where tokens are issued, when that is not AWS. Compared as an exact string.
   *
   * Default: both forms that AWS uses for this user pool (`cognito-idp.` and `issuer-cognito-idp.`).
   */
  issuer?: string | readonly string[];

  /**
   * Further Regions to which the user pool is replicated; the original issuer of a replica carries
   * its own Region.
   *
   * Default: none.
   */
  replicaRegions?: readonly string[];

  /**
   * Where the key set is fetched from. `http:` is possible only when it is written out here or in
   * `issuer`.
   *
   * Default: `<issuer>/.well-known/jwks.json`.
   */
  jwksUri?: string;

  /**
   * A fixed key set: nothing is fetched, and a rotation at the user pool is not noticed.
   *
   * Default: the keys are fetched.
   */
  jwks?: { readonly keys: readonly JsonWebKey[] };
}

/** How many verified tokens are remembered, and for how long. */
export interface TokenCacheOptions {
  /**
   * Tokens that are remembered; the least recently used one goes first.
   *
   * Default: 5,000.
   */
  maxEntries?: number;

  /**
   * Milliseconds after which a token is verified in full again. Never longer than the token lives.
   *
   * Default: until the token expires.
   */
  maxAge?: number;
}

/** How signing keys are fetched and kept. */
export interface KeyOptions {
  /**
   * Milliseconds after which a key set is refreshed behind the requests that use it.
   *
   * Default: 600,000 (10 minutes).
   */
  maxAge?: number;

  /**
   * Milliseconds for which the last good key set serves while it cannot be refreshed.
   *
   * Default: 86,400,000 (24 hours).
   */
  staleFor?: number;

  /**
   * Least milliseconds between two fetches caused by unknown key ids.
   *
   * Default: 10,000 (10 seconds).
   */
  cooldown?: number;

  /**
   * Milliseconds for one fetch, including the body.
   *
   * Default: 3,000.
   */
  timeout?: number;

  /**
   * Bytes of the largest key set that is read.
   *
   * Default: 524,288 (512 KB).
   */
  maxBytes?: number;

  /**
   * When keys are fetched first: after the boot without blocking it, before the boot ends (which
   * fails without them), or with the first token.
   *
   * Default: `'background'`.
   */
  preload?: 'background' | 'required' | 'lazy';

  /**
   * Fetches a key set in place of the built-in client, for example through a proxy.
   *
   * Default: `fetch`, status 200 only, no redirects, within `timeout` and `maxBytes`.
   */
  fetcher?: (uri: string) => Promise<{ keys: readonly JsonWebKey[] }>;
}

/** Weakens verification. For local development only: refuses to boot in production. */
export interface UnsafeOptions {
  /**
   * Accepts tokens whatever their signature is.
   *
   * Default: false.
   */
  skipVerification?: boolean;

  /**
   * Accepts expired tokens.
   *
   * Default: false.
   */
  ignoreExpiration?: boolean;
}

/** What `CognitoAuthModule.forRoot()` takes: one user pool inline, or several in `userPools`. */
export interface CognitoAuthOptions extends Partial<UserPoolOptions> {
  /**
   * Several user pools, instead of one inline.
   *
   * Default: the inline user pool.
   */
  userPools?: readonly UserPoolOptions[];

  /**
   * Where the token of a request is found; several are tried in order.
   *
   * Default: `fromBearerHeader()`.
   */
  tokenFrom?: TokenExtractor | readonly TokenExtractor[];

  /**
   * Seconds, from 0 to 60, by which the clocks of Cognito and of this machine may differ.
   *
   * Default: 0.
   */
  clockTolerance?: number;

  /**
   * Characters of the longest token that is looked at.
   *
   * Default: 16,384.
   */
  maxTokenLength?: number;

  /**
   * The memory of verified tokens; `false` verifies every token in full on every request. A token
   * is remembered when it is sent for the second time.
   *
   * Default: on.
   */
  tokenCache?: TokenCacheOptions | false;

  /** How signing keys are fetched and kept. */
  keys?: KeyOptions;

  /**
   * The property of the request that holds the user.
   *
   * Default: `'user'`.
   */
  property?: string;

  /**
   * The protection space named in `WWW-Authenticate`.
   *
   * Default: `'api'`.
   */
  realm?: string;

  /** Weakens verification. For local development only: refuses to boot in production. */
  unsafe?: UnsafeOptions;
}
