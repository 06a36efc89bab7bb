import type { JsonWebKey } from './keys/json-web-key.js';
import type { TokenUse } from './token/claims.js';
import type { TokenExtractor } from './transport/token-extractors.js';

/** One app client whose tokens are accepted, with an `audience` of its own. */
export interface AppClientOptions {
  clientId: string;

  /**
   * Takes the place of `audience` of the user pool for the tokens of this app client; `null` asks
   * them for none. An `aud` that names another resource than the user pool asks for is refused all
   * the same.
   */
  audience?: string | readonly string[] | null;
}

/** One user pool whose tokens are accepted. */
export interface UserPoolOptions {
  /**
   * The name that routes and principals use for this user pool.
   *
   * Default: the user pool id.
   */
  name?: string | undefined;

  /** The id of the user pool, for example `eu-west-1_AbCdEf123`; its Region is read from it. */
  userPoolId: string;

  /**
   * The Region of the user pool. It must agree with the one in `userPoolId`, and stands in where the
   * id begins with something else. `'local'`, as emulators call theirs, needs an id such as
   * `local_AbCdEf12` and the option `issuer`.
   *
   * Default: the one in `userPoolId`.
   */
  region?: string | undefined;

  /**
   * The app client or clients whose tokens are accepted; each may have an `audience` of its own.
   *
   * `null` accepts the tokens of every app client of the user pool, and warns at every boot.
   */
  clientId: string | readonly (string | AppClientOptions)[] | null;

  /**
   * The kinds of token that routes accept, unless `@TokenUse()` says otherwise.
   *
   * Default: `'access'`.
   */
  tokenUse?: TokenUse | readonly TokenUse[] | undefined;

  /**
   * Resource identifiers, one of which the access token of a user must carry as `aud` (resource
   * binding, RFC 8707). Cognito cannot bind the tokens of machines: theirs may have no `aud`, but
   * none that names another resource. ID tokens are not affected.
   *
   * Default: `aud` of access tokens is not looked at.
   */
  audience?: string | readonly string[];

  /**
   * Where tokens are issued, when that is not AWS. Compared as an exact string.
   *
   * Default: both forms that AWS uses for this user pool (`cognito-idp.` and `issuer-cognito-idp.`).
   */
  issuer?: string | readonly string[] | undefined;

  /**
   * Further Regions to which the user pool is replicated; the original issuer of a replica carries
   * its own Region.
   *
   * Default: none.
   */
  replicaRegions?: readonly string[] | undefined;

  /**
   * Where the key set is fetched from. `http:` is possible only when it is written out here or in
   * `issuer`.
   *
   * Default: `<issuer>/.well-known/jwks.json`.
   */
  jwksUri?: string | undefined;

  /**
   * A fixed key set: nothing is fetched, and a rotation at the user pool is not noticed.
   *
   * Default: the keys are fetched.
   */
  jwks?: { readonly keys: readonly JsonWebKey[] } | undefined;
}

/** How many verified tokens are remembered, and for how long. */
export interface TokenCacheOptions {
  /**
   * Tokens that are remembered; the least recently used one goes first.
   *
   * Default: 5,000.
   */
  maxEntries?: number | undefined;

  /**
   * Milliseconds after which a token is verified in full again. Never longer than the token lives.
   *
   * Default: until the token expires.
   */
  maxAge?: number | undefined;
}

/** How signing keys are fetched and kept. */
export interface KeyOptions {
  /**
   * Milliseconds after which a key set is refreshed behind the requests that use it.
   *
   * Default: 600,000 (10 minutes).
   */
  maxAge?: number | undefined;

  /**
   * Milliseconds for which the last good key set serves while it cannot be refreshed.
   *
   * Default: 86,400,000 (24 hours).
   */
  staleFor?: number | undefined;

  /**
   * Least milliseconds between two fetches caused by unknown key ids.
   *
   * Default: 10,000 (10 seconds).
   */
  cooldown?: number | undefined;

  /**
   * Milliseconds for one fetch, including the body.
   *
   * Default: 3,000.
   */
  timeout?: number | undefined;

  /**
   * Bytes of the largest key set that is read.
   *
   * Default: 524,288 (512 KB).
   */
  maxBytes?: number | undefined;

  /**
   * When keys are fetched first: after the boot without blocking it, before the boot ends (which
   * fails without them), or with the first token.
   *
   * Default: `'background'`.
   */
  preload?: 'background' | 'required' | 'lazy' | undefined;

  /**
   * Fetches a key set in place of the built-in client, for example through a proxy.
   *
   * Default: `fetch`, status 200 only, no redirects, within `timeout` and `maxBytes`.
   */
  fetcher?: ((uri: string) => Promise<{ keys: readonly JsonWebKey[] }>) | undefined;
}

/** Weakens verification. For local development only: refuses to boot in production. */
export interface UnsafeOptions {
  /**
   * Accepts tokens whatever their signature is.
   *
   * Default: false.
   */
  skipVerification?: boolean | undefined;

  /**
   * Accepts expired tokens.
   *
   * Default: false.
   */
  ignoreExpiration?: boolean | undefined;
}

/** The user pool that stands inline: what is not given is read from the environment. */
type InlineUserPool = {
  [Name in keyof UserPoolOptions]?: Name extends 'audience'
    ? UserPoolOptions[Name]
    : UserPoolOptions[Name] | undefined;
};

/** What `CognitoAuthModule.forRoot()` takes: one user pool inline, or several in `userPools`. */
export interface CognitoAuthOptions extends InlineUserPool {
  /**
   * Several user pools, instead of one inline.
   *
   * Default: the inline user pool.
   */
  userPools?: readonly UserPoolOptions[] | undefined;

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
  clockTolerance?: number | undefined;

  /**
   * Characters of the longest token that is looked at.
   *
   * Default: 16,384.
   */
  maxTokenLength?: number | undefined;

  /**
   * The memory of verified tokens; `false` verifies every token in full on every request. A token
   * is remembered when it is sent for the second time.
   *
   * Default: on.
   */
  tokenCache?: TokenCacheOptions | false | undefined;

  /** How signing keys are fetched and kept. */
  keys?: KeyOptions | undefined;

  /**
   * The property of the request that holds the user.
   *
   * Default: `'user'`.
   */
  property?: string | undefined;

  /**
   * The protection space named in `WWW-Authenticate`.
   *
   * Default: `'api'`.
   */
  realm?: string | undefined;

  /** Weakens verification. For local development only: refuses to boot in production. */
  unsafe?: UnsafeOptions | undefined;
}
