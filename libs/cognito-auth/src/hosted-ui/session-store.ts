import type { KeyvLike } from '../index.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';

/** What is needed of a Keyv instance, version 5, to keep sessions. */
export interface SessionStoreLike extends KeyvLike {
  delete(key: string): Promise<unknown>;
}

/**
 * A Keyv store that says when it fails.
 *
 * Keyv and its adapters may report a lost connection as "no such entry", which must not sign
 * anybody out. Therefore every look-up also reads an entry that must exist, and what was written is
 * looked for.
 */
export class SessionStore {
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
    return this.inTime(() => this.entriesOf(keys));
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
        clearTimeout(timer);
        const message = 'The session store does not answer; try again later';
        reject(new CognitoHostedUiError('store_unavailable', message, { cause }));
      };
      const timer = setTimeout(() => {
        fail(new Error(`${NAME} did not answer within ${this.timeout} ms`));
      }, this.timeout);
      work().then((value) => {
        clearTimeout(timer);
        resolve(value);
      }, fail);
    });
  }
}

const NAME = 'the session store';
const PREFIX = 'cognito-auth:hosted-ui:';
const PROOF = `${PREFIX}proof`;
