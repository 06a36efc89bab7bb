import { randomUUID } from 'node:crypto';
import { isVerbatim, signedToken, type TokenPart } from './compact-jws.js';
import {
  clientWithId,
  createClients,
  isCustomScope,
  type LocalClient,
  type LocalClients,
} from './local-clients.js';
import { type LocalJwk, LocalKeys } from './local-keys.js';
import type {
  AccessTokenOptions,
  ClientTokenOptions,
  ForgedTokenOptions,
  IdTokenOptions,
  ListenOptions,
  LocalUserPoolOptions,
  LocalUserPoolSetup,
  RefreshTokenOptions,
  SignOptions,
  WithOverrides,
} from './local-user-pool.options.js';
import { type LocalUserPoolServer, startServer } from './local-user-pool.server.js';
import { createUsers, type LocalUser, type LocalUserSetup, userNamed } from './local-users.js';
import { BASE62, randomText } from './random-text.js';
import { RefreshTokens } from './refresh-tokens.js';
import { accessClaims, idClaims, type Issuance, machineClaims, secondsOf } from './token-shapes.js';

/**
 * A Cognito user pool in memory: issues tokens as Cognito does, signed by keys of its own.
 *
 * Every pool makes new keys, so nothing trusts its tokens unless it is set up with `options()`.
 *
 * @example
 * const pool = await LocalUserPool.create({ users: [{ username: 'alice', groups: ['admin'] }] });
 * CognitoAuthModule.forRoot(pool.options());
 * request(app).get('/admin').auth(pool.accessToken('alice'), { type: 'bearer' });
 */
export class LocalUserPool {
  readonly userPoolId: string;
  readonly clients: LocalClients;
  /** What the sign-in page says besides. */
  readonly signInHint?: string;

  private knownUsers: readonly LocalUser[];
  private readonly fixedIssuer?: string;
  private readonly refreshTokens = new RefreshTokens();
  // The port that local emulators of Cognito use, until this pool listens on one.
  private origin = 'http://localhost:9229';
  private isServed = false;

  private constructor(
    setup: LocalUserPoolSetup,
    private readonly keys: LocalKeys,
  ) {
    this.userPoolId = checkedPoolId(setup.userPoolId ?? `local_${randomText(BASE62, 8)}`);
    this.fixedIssuer = setup.issuer;
    this.signInHint = setup.signInHint;
    this.knownUsers = createUsers(setup.users ?? []);
    this.clients = createClients(setup.clients ?? []);
  }

  /** Creates a user pool with new keys. */
  static async create(setup: LocalUserPoolSetup = {}): Promise<LocalUserPool> {
    return new LocalUserPool(setup, await LocalKeys.create(setup.keySize ?? 2048));
  }

  /** The users of now; a sign-up and `addUser()` add to them. */
  get users(): readonly LocalUser[] {
    return this.knownUsers;
  }

  /** Creates one more user, as a sign-up does. */
  addUser(setup: LocalUserSetup): LocalUser {
    const users = createUsers([setup], this.knownUsers);
    this.knownUsers = users;
    return users[users.length - 1] as LocalUser;
  }

  /** The `iss` of the tokens that are issued from now on; `listen()` changes it. */
  get issuer(): string {
    return this.fixedIssuer ?? `${this.origin}/${this.userPoolId}`;
  }

  /** The first app client, to which tokens are issued when no other is named. */
  get clientId(): string {
    return this.clients[0].clientId;
  }

  /**
   * Module options that trust this pool: its fixed key set, offline, and all its app clients.
   *
   * They are a snapshot: take them after `listen()` and after `rotateKeys()`.
   */
  options(overrides?: undefined): LocalUserPoolOptions;
  options<const Overrides extends object | undefined>(
    overrides: Overrides,
  ): WithOverrides<LocalUserPoolOptions, Overrides>;
  options(overrides?: object): object {
    const { userPoolId, issuer } = this;
    const clientId = this.clients.map((client) => client.clientId);
    return { userPoolId, clientId, issuer, jwks: this.jwks(), ...overrides };
  }

  /** Issues an access token to a user: after a sign-in through the API, or with `scopes` through OAuth. */
  accessToken(username: string, options: AccessTokenOptions = {}): string {
    const user = userNamed(username, this.users);
    const client = this.clientOf(options);
    const issuance = this.issuanceTo(client, options.expiresIn, client.accessTokenValidity);
    const claims = accessClaims(issuance, user, options);
    return this.sign({ ...claims, ...options.claims }, { header: options.header });
  }

  /** Issues an ID token to a user. */
  idToken(username: string, options: IdTokenOptions = {}): string {
    const user = userNamed(username, this.users);
    const client = this.clientOf(options);
    const issuance = this.issuanceTo(client, options.expiresIn, client.idTokenValidity);
    const claims = idClaims(issuance, user, options);
    return this.sign({ ...claims, ...options.claims }, { header: options.header, use: 'id' });
  }

  /**
   * Issues an access token to a machine, as the client credentials grant does.
   *
   * To the first app client with a secret, or the first of all when none has one: unlike the token
   * endpoint, this method asks neither for a secret nor whether the client may have the scopes.
   */
  clientToken(options: ClientTokenOptions = {}): string {
    const confidential = this.clients.find((client) => client.secret !== undefined);
    const client = this.clientOf({ clientId: options.clientId ?? confidential?.clientId });
    const issuance = this.issuanceTo(client, options.expiresIn, client.accessTokenValidity);
    const claims = machineClaims(issuance, options.scopes ?? client.scopes.filter(isCustomScope));
    return this.sign({ ...claims, ...options.claims }, { header: options.header });
  }

  /** Issues a refresh token: opaque, for one user at one app client, redeemed at the token endpoint. */
  refreshToken(username: string, options: RefreshTokenOptions = {}): string {
    const { scopes, audience, authTime = new Date(), originJti = randomUUID() } = options;
    return this.refreshTokens.issue({
      username: userNamed(username, this.users).username,
      clientId: this.clientOf(options).clientId,
      scopes,
      audience,
      authTime: secondsOf(authTime),
      originJti,
    });
  }

  /** A token that looks genuine, down to the id of its key, but is signed by a key of nobody's pool. */
  forgedToken({ kid, ...options }: ForgedTokenOptions = {}): string {
    const header = kid === undefined ? options.header : { ...options.header, kid };
    const [head = '', payload = ''] = this.tokenOf({ ...options, header }).split('.');
    return signedToken(decoded(head), decoded(payload), this.keys.foreignKey());
  }

  /**
   * Signs any payload under any header with a key of this pool: for tokens that Cognito never issues.
   *
   * The signature is always RS256. Text and bytes are signed as they are, valid JSON or not.
   *
   * @example
   * pool.sign('{"sub":"a","sub":"b"}', { header: { typ: 'JWT' } });
   */
  sign(payload: TokenPart, options: SignOptions = {}): string {
    const { header = {}, use = 'access', raw = false } = options;
    const { jwk, privateKey } = this.keys.keyFor(use);
    const isWhole = raw || isVerbatim(header);
    return signedToken(
      isWhole ? header : { kid: jwk.kid, alg: 'RS256', ...header },
      payload,
      privateKey,
    );
  }

  /** The public keys that are published now: first the one of access tokens, then that of ID tokens. */
  jwks(): { keys: LocalJwk[] } {
    return this.keys.jwks();
  }

  /**
   * Signs with new keys from now on.
   *
   * The keys so far stay published until the next rotation, so their tokens stay valid; with
   * `keep: false` they are withdrawn, and their tokens stop working where the key set is read anew.
   */
  async rotateKeys({ keep = true }: { keep?: boolean | undefined } = {}): Promise<void> {
    await this.keys.rotate(keep);
  }

  /**
   * Serves this pool over HTTP: its keys, its discovery document, the sign-in page and the OAuth
   * endpoints, at the paths that they have at Cognito.
   *
   * Unless the pool was created with an issuer, its issuer becomes the address of the server:
   * listen first, then issue tokens and take options. Default port: any that is free.
   */
  async listen(port = 0, { host = '127.0.0.1' }: ListenOptions = {}): Promise<LocalUserPoolServer> {
    if (this.isServed) {
      throw new Error(
        `LocalUserPool: ${this.issuer} is being served already. Close its server first.`,
      );
    }
    this.isServed = true;
    const stop = () => {
      this.isServed = false;
    };
    const context = { pool: this, refreshTokens: this.refreshTokens };
    const server = await startServer(context, { port, host, onClose: stop }).catch(
      (error: unknown) => {
        stop();
        throw error;
      },
    );
    this.origin = server.url;
    return server;
  }

  private tokenOf({ kind = 'access', username, ...options }: ForgedTokenOptions): string {
    if (kind === 'client') return this.clientToken(options);

    const name = username ?? this.users[0]?.username ?? '';
    return kind === 'id' ? this.idToken(name, options) : this.accessToken(name, options);
  }

  private clientOf({ clientId = this.clientId }: { clientId?: string }): LocalClient {
    return clientWithId(clientId, this.clients);
  }

  private issuanceTo(
    client: LocalClient,
    expiresIn: number | undefined,
    validity: number,
  ): Issuance {
    const now = secondsOf(new Date());
    const expiresAt = now + (expiresIn ?? validity);
    // A token that expired in the past was issued further in the past.
    const issuedAt = expiresAt > now ? now : expiresAt - validity;
    return { issuer: this.issuer, client, issuedAt, expiresAt };
  }
}

// The pattern of Cognito's own API; nothing in it needs escaping in a path.
const USER_POOL_ID = /^[\w-]+_[0-9a-zA-Z]+$/;

function checkedPoolId(userPoolId: string): string {
  if (USER_POOL_ID.test(userPoolId)) return userPoolId;
  throw new Error(
    `LocalUserPool: "userPoolId" must look like local_AbCd1234 or eu-west-1_AbCdEf123, got "${userPoolId}".`,
  );
}

function decoded(part: string): Buffer {
  return Buffer.from(part, 'base64url');
}
