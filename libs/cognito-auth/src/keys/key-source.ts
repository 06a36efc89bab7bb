import type { CognitoAuthError } from '../cognito-auth.errors.js';
import type { SigningKey } from './signing-key.js';

/** Where the signing keys of one issuer come from. */
export interface KeySource {
  /**
   * The key with this `kid`, or the refusal; at once when either is clear, else a promise that
   * rejects with the refusal: `unknown_key` when the issuer has no such key, `keys_unavailable` when
   * its keys cannot be had.
   */
  find(kid: string): SigningKey | CognitoAuthError | Promise<SigningKey>;

  /** Whether a key that was found before may still be used. */
  isCurrent(key: SigningKey): boolean;

  /** Resolves when keys are at hand; rejects with `keys_unavailable` when they cannot be had. */
  load(): Promise<void>;

  /** Ends what is under way, and silently: from now on nothing is fetched. */
  close(): void;
}
