import { withDeadline } from '../deadline.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { entryOf, isVoid, keysOf, mergedEntry } from './revocation-store.js';
import type { RevocationEntry, RevocationStore, RevocationTarget } from './revocation-store.js';

/** What is needed of a Keyv instance, version 5. */
export interface KeyvLike {
  getMany(keys: string[]): Promise<unknown[]>;
  set(key: string, value: unknown, ttl?: number): Promise<unknown>;
}

interface KeyvRevocationStoreOptions {
  /**
   * Milliseconds for one answer of the store; later is too late and answered with 503.
   *
   * Default: 1,000.
   */
  timeout?: number | undefined;
}

/**
 * Remembers revocations in any Keyv store, so that several instances of an application share them.
 *
 * Keyv and its adapters may report a lost connection as "no such entry". Therefore every look-up
 * also reads an entry that must exist; without it the look-up counts as failed, never as "not
 * revoked". What the store itself forgets is admitted again: let it persist, and never evict.
 *
 * @example `new KeyvRevocationStore(new Keyv(new KeyvRedis('redis://localhost:6379')))`
 */
export class KeyvRevocationStore implements RevocationStore {
  private readonly timeout: number;

  constructor(
    private readonly keyv: KeyvLike,
    { timeout = 1_000 }: KeyvRevocationStoreOptions = {},
  ) {
    this.timeout = timeout;
  }

  async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    const entries = await this.inTime(this.read(keysOf(principal)));
    return entries.some((entry) => entry !== undefined && isVoid(principal, entry));
  }

  async revoke(target: RevocationTarget, until: Date): Promise<void> {
    const { key, ...entry } = entryOf(target, until);
    await this.inTime(this.write(key, entry));
  }

  private async read(keys: string[]): Promise<(RevocationEntry | undefined)[]> {
    const [proof, ...values] = await this.keyv.getMany([PROOF, ...keys]);
    if (proof === true) return values.map(storedEntry);
    await this.keyv.set(PROOF, true);
    const [again, ...valuesAgain] = await this.keyv.getMany([PROOF, ...keys]);
    if (again === true) return valuesAgain.map(storedEntry);
    throw new Error('the revocation store does not keep what is written to it');
  }

  /** Another instance may write at the same time: what counts is what the store says afterwards. */
  private async write(key: string, entry: RevocationEntry): Promise<void> {
    for (let attempt = 0; attempt <= MAX_WRITES; attempt += 1) {
      if (entry.until <= Date.now()) return;
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      const [known] = await this.read([key]);
      if (known && known.issuedBefore >= entry.issuedBefore && known.until >= entry.until) return;
      const merged = mergedEntry(entry, known);
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await this.keyv.set(key, merged, merged.until - Date.now());
    }
    throw new Error('the revocation store did not keep a revocation');
  }

  private inTime<T>(answer: Promise<T>): Promise<T> {
    const message = `the revocation store did not answer within ${this.timeout} ms`;
    return withDeadline(answer, this.timeout, message);
  }
}

const PROOF = 'cognito-auth:proof';
const MAX_WRITES = 3;

/** An entry that is there but cannot be read must not count as none. */
function storedEntry(value: unknown): RevocationEntry | undefined {
  if (value === undefined || value === null) return undefined;
  const { issuedBefore, until } = value as Partial<RevocationEntry>;
  if (typeof issuedBefore === 'number' && typeof until === 'number') {
    return { issuedBefore, until };
  }
  throw new Error('the revocation store has an entry that this library did not write');
}
