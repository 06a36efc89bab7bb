import { Logger } from '@nestjs/common';
import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { keysUnavailable, reasonOf, unknownKey } from './key-errors.js';
import type { KeySource } from './key-source.js';
import type { SigningKey } from './signing-key.js';

/** When keys are fetched again. All in milliseconds. */
export interface RefreshPolicy {
  /** Age from which a key set is refreshed behind the requests that use it. */
  readonly maxAge: number;
  /** Age until which a key set serves while it cannot be refreshed. */
  readonly staleFor: number;
  /** Least time between two fetches that unknown key ids cause. */
  readonly cooldown: number;
}

const FIRST_RETRY = 1_000;
const LAST_RETRY = 30_000;

/**
 * The keys of one issuer, fetched when they are needed and kept for as long as the policy says.
 *
 * At most one fetch is under way at any time, and everybody who needs it waits for that one.
 * Keys that are at hand never wait: neither for a refresh nor for the search of an unknown key.
 */
export class RefreshingKeys implements KeySource {
  private readonly logger = new Logger(RefreshingKeys.name);
  private keys: ReadonlyMap<string, SigningKey> = new Map();
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private searchedAt = Number.NEGATIVE_INFINITY;
  private underWay?: Promise<void>;
  private started = 0;
  private succeeded = 0;
  private failures = 0;
  private retryAt = Number.NEGATIVE_INFINITY;

  /**
   * @param uri for messages
   * @param fetchKeys resolves with at least one key, or rejects; ends by itself in bounded time
   */
  constructor(
    private readonly uri: string,
    private readonly fetchKeys: () => Promise<readonly SigningKey[]>,
    private readonly policy: RefreshPolicy,
  ) {}

  find(kid: string): SigningKey | CognitoAuthError | Promise<SigningKey> {
    const age = this.age();
    const isUsable = this.isUsableAt(age);
    const key = isUsable ? this.keys.get(kid) : undefined;
    if (!key) {
      // Most unknown keys are inventions, and what costs little to refuse is no use to an attacker.
      const refusal = isUsable && !this.underWay ? this.refusalOfSearch() : undefined;
      return refusal ?? this.search(kid);
    }
    if (age >= this.policy.maxAge) this.refreshBehind();
    return key;
  }

  isCurrent(key: SigningKey): boolean {
    const age = this.age();
    if (!this.isUsableAt(age) || this.keys.get(key.kid) !== key) return false;
    if (age >= this.policy.maxAge) this.refreshBehind();
    return true;
  }

  async load(): Promise<void> {
    if (!this.usable()) await this.refresh();
  }

  private async search(kid: string): Promise<SigningKey> {
    const startedBefore = this.started;
    for (;;) {
      // A set that was asked for after this token came is the last word on it, however old by now.
      const isDecided = this.succeeded > startedBefore;
      if (isDecided || this.usable()) {
        const key = this.keys.get(kid);
        if (key) return key;
        if (isDecided) throw unknownKey();
        if (!this.underWay) this.startSearch();
      }
      // Each round waits for one fetch; the second began after the token came.
      // oxlint-disable-next-line no-await-in-loop
      await this.refresh();
    }
  }

  private startSearch(): void {
    const refusal = this.refusalOfSearch();
    if (refusal) throw refusal;
    this.searchedAt = performance.now();
  }

  /** An unknown key may make us fetch once per cooldown, however many of them are invented. */
  private refusalOfSearch(): CognitoAuthError | undefined {
    const wait = Math.max(this.searchedAt + this.policy.cooldown, this.retryAt) - performance.now();
    if (wait <= 0) return undefined;
    return this.failures === 0 ? unknownKey() : keysUnavailable(wait / 1000);
  }

  private refreshBehind(): void {
    if (this.underWay || performance.now() < this.retryAt) return;
    // The failure is logged, and the set at hand serves on.
    this.refresh().catch(() => undefined);
  }

  private refresh(): Promise<void> {
    if (this.underWay) return this.underWay;
    const wait = this.retryAt - performance.now();
    if (wait > 0) return Promise.reject(keysUnavailable(wait / 1000));
    this.underWay = this.fetchOnce().finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  private async fetchOnce(): Promise<void> {
    this.started += 1;
    const number = this.started;
    try {
      this.replace(await this.fetchKeys());
      this.succeeded = number;
    } catch (error) {
      throw this.failed(error);
    }
  }

  private replace(keys: readonly SigningKey[]): void {
    if (this.failures > 0) this.logger.log(`Fetched the signing keys from ${this.uri} again`);
    const next = new Map<string, SigningKey>();
    for (const key of keys) {
      const known = this.keys.get(key.kid);
      // The same material stays the same object, so that tokens verified with it stay verified.
      const same = known?.publicKey.equals(key.publicKey) ? known : key;
      if (!next.has(key.kid)) next.set(key.kid, same);
    }
    this.keys = next;
    this.fetchedAt = performance.now();
    this.failures = 0;
    this.retryAt = Number.NEGATIVE_INFINITY;
  }

  private failed(cause: unknown): Error {
    const delay = Math.min(FIRST_RETRY * 2 ** this.failures, LAST_RETRY);
    this.failures += 1;
    this.retryAt = performance.now() + delay;
    const effect = this.usable()
      ? `the keys of ${Math.round(this.age() / 1000)} s ago serve on`
      : 'tokens are answered with 503';
    this.logger.warn(
      `Cannot fetch the signing keys from ${this.uri}: ${reasonOf(cause)}; ${effect}, next attempt in ${delay / 1000} s at the earliest`,
    );
    return keysUnavailable(delay / 1000, cause);
  }

  private usable(): boolean {
    return this.isUsableAt(this.age());
  }

  private isUsableAt(age: number): boolean {
    return age < this.policy.maxAge || age < this.policy.staleFor;
  }

  private age(): number {
    return performance.now() - this.fetchedAt;
  }
}
