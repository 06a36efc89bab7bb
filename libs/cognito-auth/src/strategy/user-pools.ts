import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { ResolvedOptions, ResolvedUserPool } from '../cognito-auth.resolved-options.js';
import { jwksClientOf } from '../keys/jwks-client.js';
import type { KeySource } from '../keys/key-source.js';
import { RefreshingKeys } from '../keys/refreshing-keys.js';
import { memberOf } from '../token/claims.js';
import type { JsonObject } from '../token/claims.js';

/** One issuer: the user pool it speaks for, and its keys. */
export interface Issuer {
  readonly pool: ResolvedUserPool;
  readonly keys: KeySource;
}

/** The user pools of one registration, found by the issuer of a token. */
export class UserPools {
  private readonly byIssuer = new Map<string, Issuer>();

  constructor(private readonly options: ResolvedOptions) {
    for (const pool of options.userPools) {
      const sources = new Map<string, KeySource>();
      for (const [issuer, uri] of pool.issuers) {
        const keys = pool.jwks ?? sources.get(uri) ?? this.createKeys(uri);
        sources.set(uri, keys);
        this.byIssuer.set(issuer, { pool, keys });
      }
    }
  }

  /** Every accepted issuer. */
  get issuers(): string[] {
    return [...this.byIssuer.keys()];
  }

  /**
   * The issuer that a token names, or the refusal `wrong_issuer`. The claim is unverified: it only
   * selects among those configured.
   */
  issuerOf(unverifiedClaims: JsonObject): Issuer | CognitoAuthError {
    const name = memberOf(unverifiedClaims, 'iss');
    const issuer = typeof name === 'string' ? this.byIssuer.get(name) : undefined;
    return issuer ?? wrongIssuer();
  }

  /** Resolves when each user pool has the keys of at least one of its issuers. */
  async load(): Promise<void> {
    await Promise.all(this.options.userPools.map((pool) => this.loadPool(pool)));
  }

  /** Ends every fetch; from now on nothing is fetched. */
  close(): void {
    for (const { keys } of this.byIssuer.values()) keys.close();
  }

  // A user pool signs with one of its issuers only, and the others may not even answer.
  private async loadPool(pool: ResolvedUserPool): Promise<void> {
    let failure: unknown;
    for (const { keys } of this.issuersOf(pool)) {
      try {
        // oxlint-disable-next-line no-await-in-loop -- the next one only when this one fails
        return await keys.load();
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private issuersOf(pool: ResolvedUserPool): Issuer[] {
    return [...this.byIssuer.values()].filter((issuer) => issuer.pool === pool);
  }

  private createKeys(uri: string): KeySource {
    const { keys } = this.options;
    return new RefreshingKeys(uri, jwksClientOf(uri, keys.maxBytes, keys.fetcher), keys);
  }
}

function wrongIssuer(): CognitoAuthError {
  return new CognitoAuthError(
    'wrong_issuer',
    'The token was issued by none of the user pools that this API accepts',
  );
}
