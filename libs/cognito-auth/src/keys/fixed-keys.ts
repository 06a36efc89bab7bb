import type { CognitoAuthError } from '../cognito-auth.errors.js';
import { unknownKey } from './key-errors.js';
import type { KeySource } from './key-source.js';
import { rsaKeysOf, signingKeyOf } from './signing-key.js';
import type { SigningKey } from './signing-key.js';

/** A key set that was given in the options: nothing is ever fetched. */
export class FixedKeys implements KeySource {
  private readonly keys = new Map<string, SigningKey>();

  constructor(keySet: unknown) {
    for (const members of rsaKeysOf(keySet)) {
      const key = signingKeyOf(members.kid, members);
      if (key && !this.keys.has(key.kid)) this.keys.set(key.kid, key);
    }
  }

  /** The number of usable keys. */
  get size(): number {
    return this.keys.size;
  }

  find(kid: string): SigningKey | CognitoAuthError {
    return this.keys.get(kid) ?? unknownKey();
  }

  isCurrent(): boolean {
    return true;
  }

  async load(): Promise<void> {}

  close(): void {}
}
