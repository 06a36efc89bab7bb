import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { monotonicNow } from '../clock.js';
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
  /** When it was verified, in milliseconds of `monotonicNow()`. */
  readonly verifiedAt: number;
}

/** What is kept of a token. */
interface Remembered {
  /** SHA-256 of the token; the token itself is never kept. */
  readonly digest: string;
  readonly verified: VerifiedToken;
}

/**
 * The memory of verified tokens. It knows each by its SHA-256.
 *
 * Bounded; the least recently used one goes first. A token is forgotten from its `exp` on, once
 * its key has left the key set, and after `tokenCache.maxAge`.
 *
 * A token is remembered when it comes back: to remember it costs a good part of what that saves,
 * and one that is sent only once saves nothing, and takes the place of one that does.
 */
export class VerifiedTokens {
  /** By fingerprint, so that a token which is not here is not worth a digest. */
  private readonly entries?: LRUCache<number, Remembered>;
  /** The fingerprints of tokens that were sent once, or were remembered before. */
  private readonly candidates?: LRUCache<number, true>;
  private readonly maxAge: number;

  constructor(private readonly options: ResolvedOptions) {
    const cache = options.tokenCache;
    this.maxAge = cache ? cache.maxAge : 0;
    if (!cache) return;
    const max = cache.maxEntries;
    const candidates = new LRUCache<number, true>({ max });
    this.candidates = candidates;
    this.entries = new LRUCache({
      max,
      dispose: (_remembered, fingerprint, reason) => {
        if (reason !== 'set') candidates.set(fingerprint, true);
      },
    });
  }

  /** What a token proves, if that is remembered and still so. */
  get(token: string): VerifiedToken | undefined {
    if (!this.entries) return undefined;
    const fingerprint = fingerprintOf(token);
    const remembered = this.entries.get(fingerprint);
    if (!remembered || remembered.digest !== digestOf(token)) return undefined;
    if (this.isFresh(remembered.verified)) return remembered.verified;
    this.entries.delete(fingerprint);
    return undefined;
  }

  /** Takes note of a token that was just verified. */
  add(token: string, verified: VerifiedToken): void {
    const fingerprint = fingerprintOf(token);
    const isBack = this.candidates?.delete(fingerprint);
    if (isBack) this.entries?.set(fingerprint, { digest: digestOf(token), verified });
    else this.candidates?.set(fingerprint, true);
  }

  private isFresh({ principal, key, keys, verifiedAt }: VerifiedToken): boolean {
    if (!this.options.ignoreExpiration) {
      const { exp } = principal.claims;
      if (isExpired(exp, secondsNow(), this.options.clockTolerance)) return false;
    }
    if (key && !keys.isCurrent(key)) return false;
    return monotonicNow() - verifiedAt < this.maxAge;
  }
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

/** Characters of the signature that tell two tokens apart, but for one pair in billions. */
const FINGERPRINT_LENGTH = 16;

/** A number that another token hardly has. It proves nothing: anybody can make one that has it. */
function fingerprintOf(token: string): number {
  let fingerprint = 0;
  for (let at = Math.max(0, token.length - FINGERPRINT_LENGTH); at < token.length; at += 1) {
    fingerprint = (Math.imul(fingerprint, 31) + token.charCodeAt(at)) | 0;
  }
  return fingerprint;
}
