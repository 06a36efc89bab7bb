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
 * read again.
 */
export class SessionStore {
  /** @param timeout milliseconds for one answer */
  constructor(
    private readonly keyv: SessionStoreLike,
    private readonly timeout: number,
  ) {}

  /** @throws CognitoHostedUiError `store_unavailable` */
  read(key: string): Promise<unknown> {
    return this.inTime(() => this.entryOf(key));
  }

  /**
   * @param ttl seconds
   * @throws CognitoHostedUiError `store_unavailable`
   */
  async write(key: string, value: string, ttl: number): Promise<void> {
    await this.inTime(async () => {
      await this.keyv.set(PREFIX + key, value, ttl * 1000);
      if ((await this.entryOf(key)) !== value) throw new Error(`${NAME} did not keep an entry`);
    });
  }

  /** @throws CognitoHostedUiError `store_unavailable` */
  async remove(key: string): Promise<void> {
    await this.inTime(async () => {
      await this.keyv.delete(PREFIX + key);
      if ((await this.entryOf(key)) !== undefined) throw new Error(`${NAME} kept an entry`);
    });
  }

  private async entryOf(key: string): Promise<unknown> {
    const keys = [PROOF, PREFIX + key];
    let [proof, value] = await this.keyv.getMany(keys);
    if (proof !== true) {
      await this.keyv.set(PROOF, true);
      [proof, value] = await this.keyv.getMany(keys);
    }
    if (proof !== true) throw new Error(`${NAME} does not keep what is written to it`);
    return value ?? undefined;
  }

  private async inTime<T>(work: () => Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`${NAME} did not answer within ${this.timeout} ms`);
      timer = setTimeout(() => reject(error), this.timeout);
    });
    try {
      return await Promise.race([work(), late]);
    } catch (cause) {
      const message = 'The session store does not answer; try again later';
      throw new CognitoHostedUiError('store_unavailable', message, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

const NAME = 'the session store';
const PREFIX = 'cognito-auth:hosted-ui:';
const PROOF = `${PREFIX}proof`;
