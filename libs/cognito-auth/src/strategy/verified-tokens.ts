import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ResolvedOptions, ResolvedUserPool } from '../cognito-auth.resolved-options.js';
import type { KeySource } from '../keys/key-source.js';
import type { SigningKey } from '../keys/signing-key.js';
import { isExpired, secondsNow } from '../token/expiry.js';
import type { CognitoPrincipal } from '../token/principal.js';

/** What a verified token proves. */
export interface VerifiedToken {
  readonly principal: CognitoPrincipal;
  readonly pool: ResolvedUserPool;
  /** The key that verified it; none with `unsafe.skipVerification`. */
  readonly key?: SigningKey;
  readonly keys: KeySource;
  /** When it was verified, in milliseconds of the monotonic clock. */
  readonly verifiedAt: number;
}

/** The name that a token is remembered under: its SHA-256, never the token itself. */
export type TokenDigest = string & { readonly [DIGEST]: never };

declare const DIGEST: unique symbol;

/**
 * The memory of verified tokens, under a digest of each.
 *
 * Bounded; the least recently used one goes first. A token is forgotten from its `exp` on, once
 * its key has left the key set, and after `tokenCache.maxAge`.
 */
export class VerifiedTokens {
  private readonly entries?: LRUCache<TokenDigest, VerifiedToken>;
  private readonly maxAge: number;

  constructor(private readonly options: ResolvedOptions) {
    const cache = options.tokenCache;
    this.maxAge = cache ? cache.maxAge : 0;
    if (cache) this.entries = new LRUCache({ max: cache.maxEntries });
  }

  /** What `get()` and `add()` know a token by; nothing when the memory is switched off. */
  digestOf(token: string): TokenDigest | undefined {
    return this.entries && (hash('sha256', token, 'base64') as TokenDigest);
  }

  get(digest: TokenDigest | undefined): VerifiedToken | undefined {
    if (!digest) return undefined;
    const verified = this.entries?.get(digest);
    if (!verified || this.isFresh(verified)) return verified;
    this.entries?.delete(digest);
    return undefined;
  }

  add(digest: TokenDigest | undefined, verified: VerifiedToken): void {
    if (digest) this.entries?.set(digest, verified);
  }

  private isFresh({ principal, key, keys, verifiedAt }: VerifiedToken): boolean {
    if (!this.options.ignoreExpiration) {
      const { exp } = principal.claims;
      if (isExpired(exp, secondsNow(), this.options.clockTolerance)) return false;
    }
    if (key && !keys.isCurrent(key)) return false;
    return performance.now() - verifiedAt < this.maxAge;
  }
}
