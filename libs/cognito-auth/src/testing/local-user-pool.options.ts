import type { LocalClientSetup } from './local-clients.js';
import type { KeyUse, LocalJwk } from './local-keys.js';
import type { LocalUserSetup } from './local-users.js';
import type { TokenPart } from './compact-jws.js';
import type { SessionOptions, TokenClaims } from './token-shapes.js';

/** What a local user pool is made of. */
export interface LocalUserPoolSetup {
  /** Default: `local_` and eight random characters. */
  userPoolId?: string | undefined;
  /**
   * The `iss` of all tokens. Write it out to stand in for a pool of AWS.
   *
   * Default: `http://localhost:<port>/<userPoolId>`, with the port of `listen()`, and 9229 before.
   */
  issuer?: string | undefined;
  /** Default: none. */
  users?: readonly LocalUserSetup[] | undefined;
  /**
   * A sentence for whoever opens the sign-in page, such as the passwords of a demo. The page shows no
   * password unless it stands here.
   *
   * Default: none.
   */
  signInHint?: string | undefined;
  /** The first one is the client of all tokens that name no other. Default: one public client. */
  clients?: readonly LocalClientSetup[] | undefined;
  /** Length of the RSA keys, in bits. Default: 2048, as Cognito's. */
  keySize?: number | undefined;
}

/** Module options that trust a local user pool by its fixed key set, without any network. */
export interface LocalUserPoolOptions {
  userPoolId: string;
  clientId: string[];
  issuer: string;
  jwks: { keys: LocalJwk[] };
}

/** Module options that trust a local user pool and fetch its keys from its server. */
export interface LocalUserPoolServerOptions {
  userPoolId: string;
  clientId: string[];
  issuer: string;
  jwksUri: string;
}

/** What any token can be asked to be. */
export interface LocalTokenOptions {
  /** Claims to add or replace; `undefined` removes one. */
  claims?: TokenClaims | undefined;
  /** Header parameters to add or replace; `undefined` removes one. */
  header?: Record<string, unknown> | undefined;
  /** Seconds from now; negative for a token that has expired. Default: as the app client says. */
  expiresIn?: number | undefined;
  /** Default: the first app client. */
  clientId?: string | undefined;
}

/** How an access token should differ from the usual one. */
export interface AccessTokenOptions extends LocalTokenOptions, SessionOptions {
  /** The resource that the token is bound to, its `aud`. Default: no `aud`, as usual in Cognito. */
  audience?: string | undefined;
}

/** How an ID token should differ from the usual one. */
export interface IdTokenOptions extends LocalTokenOptions, SessionOptions {
  nonce?: string | undefined;
  /** The access token that was issued with it, for `at_hash`. Default: no `at_hash`. */
  accessToken?: string | undefined;
}

/** How a machine's token should differ from the usual one. */
export interface ClientTokenOptions extends LocalTokenOptions {
  /** Default: all custom scopes of the app client. */
  scopes?: readonly string[] | undefined;
}

/** What a forged token pretends to be. */
export interface ForgedTokenOptions extends AccessTokenOptions {
  /** Default: `access`. */
  kind?: 'access' | 'id' | 'client' | undefined;
  /** Default: the first user. */
  username?: string | undefined;
  /** Default: the id of the key that a genuine token of this kind names. */
  kid?: string | undefined;
}

/** The sign-in that a refresh token stands for. */
export interface RefreshTokenOptions extends SessionOptions {
  /** Default: the first app client. */
  clientId?: string | undefined;
  /** The resource that its access tokens are bound to. Default: none. */
  audience?: string | undefined;
}

/** How to sign what is not an ordinary token. */
export interface SignOptions {
  /** An object adds to `kid` and `alg`; text and bytes are the whole header, as they stand. */
  header?: TokenPart | undefined;
  /** Default: the key that signs access tokens. */
  use?: KeyUse | undefined;
  /** Takes a header object as the whole header too, without `kid` and `alg`. Default: false. */
  raw?: boolean | undefined;
}

/** Where a local user pool listens. */
export interface ListenOptions {
  /**
   * The address to listen on. Whoever can reach it can have tokens of this pool.
   *
   * Default: `127.0.0.1`, this machine only.
   */
  host?: string | undefined;
}

/** Options, and what the overrides say instead. */
export type WithOverrides<Options, Overrides> = Omit<Options, keyof Overrides> & Overrides;
