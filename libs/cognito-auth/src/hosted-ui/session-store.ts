import type { KeyvLike } from '../index.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';

/** What is needed of a Keyv instance, version 5, to keep sessions. */
export interface SessionStoreLike extends KeyvLike {
  delete(key: string): Promise<unknown>;
}

/** Somebody who waits for entries. */
interface Read {
  readonly keys: readonly string[];
  readonly resolve: (values: unknown[]) => void;
  readonly reject: (error: unknown) => void;
}

// An answer of Redis with so many sessions has some 100 KB.
const MAX_TOGETHER = 16;

/**
 * A Keyv store that says when it fails.
 *
 * Keyv and its adapters may report a lost connection as "no such entry", which must not sign
 * anybody out. Therefore every look-up also reads an entry that must exist, and what was written is
 * looked for.
 */
export class SessionStore {
  private readonly waiting: Read[] = [];

  /** @param timeout milliseconds for one answer */
  constructor(
    private readonly keyv: SessionStoreLike,
    private readonly timeout: number,
  ) {}

  /**
   * What is kept under each of these keys; `undefined` for nothing.
   *
   * @throws CognitoHostedUiError `store_unavailable`
   */
  read(...keys: readonly string[]): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ keys, resolve, reject });
      // After whatever else has arrived at the same time, which is asked for in the same round trip.
      if (this.waiting.length === 1) setImmediate(() => this.readWaiting());
    });
  }

  /**
   * @param ttl seconds
   * @throws CognitoHostedUiError `store_unavailable`
   */
  async write(key: string, value: string, ttl: number): Promise<void> {
    await this.inTime(async () => {
      const [before] = await this.entriesOf([key]);
      await this.keyv.set(PREFIX + key, value, ttl * 1000);
      const [after] = await this.entriesOf([key]);
      // Another process may have written since, or removed it; but it is not to be as before.
      if (after !== value && after === before) throw new Error(`${NAME} did not keep an entry`);
    });
  }

  /** @throws CognitoHostedUiError `store_unavailable` */
  async remove(key: string): Promise<void> {
    await this.inTime(async () => this.keyv.delete(PREFIX + key));
  }

  private readWaiting(): void {
    while (this.waiting.length > 0) void this.readTogether(this.waiting.splice(0, MAX_TOGETHER));
  }

  private async readTogether(reads: readonly Read[]): Promise<void> {
    try {
      const values = await this.inTime(() => this.entriesOf(reads.flatMap(({ keys }) => keys)));
      for (const { keys, resolve } of reads) resolve(values.splice(0, keys.length));
    } catch (error) {
      for (const { reject } of reads) reject(error);
    }
  }

  private async entriesOf(keys: readonly string[]): Promise<unknown[]> {
    const all = [PROOF, ...keys.map((key) => PREFIX + key)];
    let [proof, ...values] = await this.keyv.getMany(all);
    if (proof !== true) {
      await this.keyv.set(PROOF, true);
      [proof, ...values] = await this.keyv.getMany(all);
    }
    if (proof !== true) throw new Error(`${NAME} does not keep what is written to it`);
    return values.map((value) => value ?? undefined);
  }

  private inTime<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown) => {
        const message = 'The session store does not answer; try again later';
        reject(new CognitoHostedUiError('store_unavailable', message, { cause }));
      };
      const timer = setTimeout(() => {
        fail(new Error(`${NAME} did not answer within ${this.timeout} ms`));
      }, this.timeout);
      work()
        .finally(() => clearTimeout(timer))
        .then(resolve, fail);
    });
  }
}

const NAME = 'the session store';
const PREFIX = 'cognito-auth:hosted-ui:';
const PROOF = `${PREFIX}proof`;
