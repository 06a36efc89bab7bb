import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import type { KeySource } from '../keys/key-source.js';
import type { SigningKey } from '../keys/signing-key.js';
import { isExpired, secondsNow } from '../token/expiry.js';
import type { CognitoPrincipal } from '../token/principal.js';
import type { ResolvedUserPool } from '../cognito-auth.resolved-options.js';

/** What a verified token proves. */
export interface VerifiedToken {
  readonly principal: CognitoPrincipal;
  readonly pool: ResolvedUserPool;
  /** The key that verified it; none with `unsafe.skipVerification`. */
  readonly key?: SigningKey;
  readonly keys: KeySource;
}

interface Entry {
  readonly verified: VerifiedToken;
  /** In milliseconds of the monotonic clock. */
  readonly addedAt: number;
}

/**
 * The memory of verified tokens, under a digest of each, never under the token itself.
 *
 * Bounded; the least recently used one goes first. A token is forgotten from its `exp` on, once
 * its key has left the key set, and after `tokenCache.maxAge`.
 */
export class VerifiedTokens {
  private readonly entries?: LRUCache<string, Entry>;
  private readonly maxAge: number;

  constructor(private readonly options: ResolvedOptions) {
    const cache = options.tokenCache;
    this.maxAge = cache ? cache.maxAge : 0;
    if (cache) this.entries = new LRUCache({ max: cache.maxEntries });
  }

  get(token: string): VerifiedToken | undefined {
    if (!this.entries || this.entries.size === 0) return undefined;
    const digest = digestOf(token);
    const entry = this.entries.get(digest);
    if (!entry) return undefined;
    if (this.isFresh(entry)) return entry.verified;
    this.entries.delete(digest);
    return undefined;
  }

  add(token: string, verified: VerifiedToken): void {
    this.entries?.set(digestOf(token), { verified, addedAt: performance.now() });
  }

  private isFresh({ verified, addedAt }: Entry): boolean {
    const { principal, key, keys } = verified;
    if (!this.options.ignoreExpiration) {
      const { exp } = principal.claims;
      if (isExpired(exp, secondsNow(), this.options.clockTolerance)) return false;
    }
    if (key && !keys.isCurrent(key)) return false;
    return performance.now() - addedAt < this.maxAge;
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
