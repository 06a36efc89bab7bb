import type { CognitoPrincipal } from '../token/principal.js';
import { entryOf, isVoid, keysOf, mergedEntry } from './revocation-store.js';
import type { RevocationEntry, RevocationStore, RevocationTarget } from './revocation-store.js';

/**
 * Remembers revocations in this process: for one instance of an application, and for tests.
 *
 * Several instances need a store that they share, for example `KeyvRevocationStore`; and a restart
 * forgets.
 */
export class MemoryRevocationStore implements RevocationStore {
  private readonly entries = new Map<string, RevocationEntry>();

  async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    return keysOf(principal).some((key) => {
      const entry = this.known(key);
      return entry !== undefined && isVoid(principal, entry);
    });
  }

  async revoke(target: RevocationTarget, until: Date): Promise<void> {
    const { key, ...entry } = entryOf(target, until);
    this.forgetExpired();
    if (entry.until > Date.now()) this.entries.set(key, mergedEntry(entry, this.known(key)));
  }

  private known(key: string): RevocationEntry | undefined {
    const entry = this.entries.get(key);
    return entry && entry.until > Date.now() ? entry : undefined;
  }

  private forgetExpired(): void {
    const now = Date.now();
    for (const [key, { until }] of this.entries) {
      if (until <= now) this.entries.delete(key);
    }
  }
}
