import { createPublicKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { AccessTokenOptions, IdTokenOptions, TokenPart } from 'nestjs-cognito-auth/testing';
import { rsaPair } from './forgery.js';
import type { KeyPair } from './forgery.js';
import { unfitKeys } from './unfit-keys.js';
import { startLoopbackServer } from './loopback-server.js';
import type { LoopbackServer } from './loopback-server.js';
import {
  BATCH,
  ISSUER,
  OTHER_ISSUER,
  OTHER_USER_POOL_ID,
  RESOURCE,
  STRANGER,
  USER_POOL_ID,
  WEB,
} from './names.js';

/**
 * What an attacker has: tokens of a user with few rights, the public keys, keys of their own, and
 * a server that would notice if anybody followed an address out of a token.
 *
 * Beside that, the private half of one published key, to sign what Cognito never would.
 */
export class AttackKit {
  /** Published beside the keys of the pool; its private half is at hand. */
  readonly published = rsaPair('published-key');
  /** Published, and not fit for RS256. */
  readonly unfit = unfitKeys(this.published);

  private attackersKey?: KeyPair;
  private genuine?: string;

  private constructor(
    readonly pool: LocalUserPool,
    /** Another user pool, which is not configured. */
    readonly otherPool: LocalUserPool,
    readonly jwks: LoopbackServer,
    readonly canary: LoopbackServer,
  ) {}

  static async create(): Promise<AttackKit> {
    const [pool, otherPool] = await Promise.all([
      createPool(USER_POOL_ID, ISSUER),
      createPool(OTHER_USER_POOL_ID, OTHER_ISSUER),
    ]);
    const jwks = await startLoopbackServer(() => kit.keySet());
    const canary = await startLoopbackServer(() => ({ keys: [kit.attacker.jwk] }));
    const kit: AttackKit = new AttackKit(pool, otherPool, jwks, canary);
    return kit;
  }

  /** A key in no key set, made when it is first asked for. */
  get attacker(): KeyPair {
    this.attackersKey ??= rsaPair('key-of-the-attacker');
    return this.attackersKey;
  }

  /** The options of a module that fetches its keys from the kit. */
  options(preload: 'required' | 'lazy'): CognitoAuthOptions {
    return {
      userPoolId: USER_POOL_ID,
      clientId: [WEB, BATCH],
      jwksUri: this.jwks.url,
      keys: { preload },
    };
  }

  /** The token of an administrator with nothing wrong about it. */
  genuineToken(): string {
    this.genuine ??= this.pool.accessToken('alice', { audience: RESOURCE });
    return this.genuine;
  }

  /** A genuine access token of a guest, changed as told before it is signed. */
  token(claims: AccessTokenOptions['claims'] = {}, header?: AccessTokenOptions['header']): string {
    return this.pool.accessToken('mallory', { scopes: ['openid'], claims, header });
  }

  /** A genuine ID token of a guest, changed as told before it is signed. */
  idToken(claims: IdTokenOptions['claims'] = {}): string {
    return this.pool.idToken('mallory', { claims });
  }

  /** The claims of a genuine access token of a guest, with others. */
  claims(overrides: object = {}): object {
    const payload = this.token().split('.')[1] ?? '';
    return { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...overrides } as object;
  }

  /** The same as JSON text, with members written in front of the others and behind them. */
  claimsText({ first = '', last = '' } = {}, overrides: object = {}): string {
    const members = JSON.stringify(this.claims(overrides)).slice(1, -1);
    return `{${[first, members, last].filter((text) => text !== '').join(',')}}`;
  }

  /** Signs with the key of the pool, whatever it is. */
  sign(payload: TokenPart, header?: TokenPart): string {
    return this.pool.sign(payload, { header });
  }

  /** The header of a genuine access token, with other members. */
  header(overrides: object = {}): object {
    return { kid: this.accessKey.kid, alg: 'RS256', ...overrides };
  }

  /** The published key of access tokens. */
  get accessKey(): JsonWebKey & { kid: string } {
    const [jwk] = this.pool.jwks().keys;
    if (!jwk) throw new Error('The pool publishes no keys');
    return jwk;
  }

  get accessPublicKey(): KeyObject {
    return createPublicKey({ key: this.accessKey, format: 'jwk' });
  }

  /** What the user pool publishes: the bad keys in front of the good ones. */
  private keySet() {
    const unfit = Object.values(this.unfit).map(({ jwk }) => jwk);
    return { keys: [...unfit, ...this.pool.jwks().keys, this.published.jwk] };
  }

  async close(): Promise<void> {
    await Promise.all([this.jwks.close(), this.canary.close()]);
  }
}

function createPool(userPoolId: string, issuer: string): Promise<LocalUserPool> {
  return LocalUserPool.create({
    userPoolId,
    issuer,
    users: [
      { username: 'alice', groups: ['admin'], email: 'alice@example.com' },
      { username: 'mallory', groups: ['guests'], email: 'mallory@example.com' },
      { username: 'nobody' },
    ],
    clients: [
      { clientId: WEB, scopes: ['openid', 'orders/read'] },
      { clientId: BATCH, secret: 'confidential', scopes: ['orders/read'] },
      { clientId: STRANGER, secret: 'confidential' },
    ],
  });
}
