import { Logger } from '@nestjs/common';
import { monotonicNow } from '../clock.js';
import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { pause } from '../deadline.js';
import { isConnectionError, isWithoutAnswer } from './jwks-fetcher.js';
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
  /** Time after which a fetch is given up. */
  readonly timeout: number;
}

const FIRST_RETRY = 1_000;
const LAST_RETRY = 30_000;
/** Milliseconds past its deadline from which a fetch ended late because the process was frozen. */
const FROZEN = 500;
/** Times that a fetch may be late before its end counts as any other. */
const MOST_THAWS = 5;

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
  /** Ends the fetch that is under way. */
  private ending?: AbortController;
  private isClosed = false;
  private started = 0;
  private succeeded = 0;
  private failures = 0;
  private retryAt = Number.NEGATIVE_INFINITY;

  /**
   * @param uri for messages
   * @param fetchKeys resolves with at least one key, or rejects, within the timeout;
   * rejects at once when the signal aborts
   */
  constructor(
    private readonly uri: string,
    private readonly fetchKeys: (
      timeout: number,
      signal: AbortSignal,
    ) => Promise<readonly SigningKey[]>,
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

  close(): void {
    this.isClosed = true;
    this.ending?.abort(new Error('the application is closed'));
  }

  private async search(kid: string): Promise<SigningKey> {
    // A set that was asked for after this token came is the last word on it, however old by now;
    // and so is the next one where there is none, when ever it was asked for.
    const before = this.usable() ? this.started : this.succeeded;
    for (;;) {
      const isDecided = this.succeeded > before;
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
    this.searchedAt = monotonicNow();
  }

  /** An unknown key may make us fetch once per cooldown, however many of them are invented. */
  private refusalOfSearch(): CognitoAuthError | undefined {
    const wait = Math.max(this.searchedAt + this.policy.cooldown, this.retryAt) - monotonicNow();
    if (wait <= 0) return undefined;
    return this.failures === 0 ? unknownKey() : keysUnavailable(wait / 1000);
  }

  private refreshBehind(): void {
    if (this.underWay || monotonicNow() < this.retryAt) return;
    // The failure is logged, and the set at hand serves on.
    this.refresh().catch(() => undefined);
  }

  private refresh(): Promise<void> {
    if (this.underWay) return this.underWay;
    if (this.isClosed) return Promise.reject(keysUnavailable(LAST_RETRY / 1000));
    const wait = this.retryAt - monotonicNow();
    if (wait > 0) return Promise.reject(keysUnavailable(wait / 1000));
    this.ending = new AbortController();
    this.underWay = this.fetch(this.ending.signal).finally(() => {
      this.underWay = undefined;
    });
    return this.underWay;
  }

  /**
   * Fetches the keys: once more when there was no connection, and anew when the process was frozen
   * meanwhile, which proves nothing.
   *
   * @param time milliseconds for this attempt; a second one has what the first one left
   * @param thaws attempts before this one that ended late
   */
  private async fetch(signal: AbortSignal, time = this.policy.timeout, thaws = 0): Promise<void> {
    const { timeout } = this.policy;
    const begin = monotonicNow();
    try {
      await this.attempt(time, signal);
    } catch (error) {
      const elapsed = monotonicNow() - begin;
      // What is answered after a thaw is an answer, however late it is read.
      const isFrozen = elapsed > time + FROZEN && (thaws === 0 || isWithoutAnswer(error));
      if (isFrozen && thaws < MOST_THAWS) return this.fetch(signal, timeout, thaws + 1);
      const delay = Math.min(FIRST_RETRY, timeout / 2);
      const rest = timeout - elapsed - delay;
      const mayRetry = time === timeout && isConnectionError(error) && rest > 0;
      const refusal = this.failed(error, mayRetry ? delay : undefined);
      if (!mayRetry) throw refusal;
      await pause(delay, signal);
      await this.fetch(signal, rest, thaws);
    }
  }

  private async attempt(timeout: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.started += 1;
    const number = this.started;
    const begin = monotonicNow();
    this.replace(await this.fetchKeys(timeout, signal), begin);
    this.succeeded = number;
  }

  /** @param begin when they were asked for: a frozen process may receive them much later */
  private replace(keys: readonly SigningKey[], begin: number): void {
    if (this.failures > 0 && !this.isClosed)
      this.logger.log(`Fetched the signing keys from ${this.uri} again`);
    const next = new Map<string, SigningKey>();
    for (const key of keys) {
      const known = this.keys.get(key.kid);
      // The same material stays the same object, so that tokens verified with it stay verified.
      const same = known?.publicKey.equals(key.publicKey) ? known : key;
      if (!next.has(key.kid)) next.set(key.kid, same);
    }
    this.keys = next;
    this.fetchedAt = begin;
    this.failures = 0;
    this.retryAt = Number.NEGATIVE_INFINITY;
  }

  /** @param wait milliseconds after which whoever waits gets one more attempt, if any */
  private failed(cause: unknown, wait?: number): Error {
    const delay = Math.min(FIRST_RETRY * 2 ** this.failures, LAST_RETRY);
    this.failures += 1;
    // A second attempt that came early does not bring the third one forward.
    this.retryAt = Math.max(monotonicNow(), this.retryAt) + delay;
    if (!this.isClosed) this.logger.warn(this.warningOf(cause, delay, wait));
    return keysUnavailable(delay / 1000, cause);
  }

  private warningOf(cause: unknown, delay: number, wait?: number): string {
    const effect = this.usable()
      ? `the keys of ${Math.round(this.age() / 1000)} s ago serve on`
      : 'tokens are answered with 503';
    const next =
      wait === undefined
        ? `${effect}, next attempt in ${delay / 1000} s at the earliest`
        : `one more attempt in ${wait / 1000} s, else ${effect}`;
    return `Cannot fetch the signing keys from ${this.uri}: ${reasonOf(cause)}; ${next}`;
  }

  private usable(): boolean {
    return this.isUsableAt(this.age());
  }

  private isUsableAt(age: number): boolean {
    return age < this.policy.maxAge || age < this.policy.staleFor;
  }

  private age(): number {
    return monotonicNow() - this.fetchedAt;
  }
}
