import type { SigningKey } from './signing-key.js';

/** Where the signing keys of one issuer come from. */
export interface KeySource {
  /**
   * The key with this `kid`; at once when it is at hand.
   *
   * @throws CognitoAuthError `unknown_key` when the issuer has no such key, `keys_unavailable`
   * when its keys cannot be had
   */
  find(kid: string): SigningKey | Promise<SigningKey>;

  /** Whether a key that was found before may still be used. */
  isCurrent(key: SigningKey): boolean;

  /** Resolves when keys are at hand; rejects with `keys_unavailable` when they cannot be had. */
  load(): Promise<void>;
}
