import { monotonicNow } from '../clock.js';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import type { SigningKey } from '../keys/signing-key.js';
import { checkClaims, checkTimes } from '../token/claim-checks.js';
import { parseToken } from '../token/compact-token.js';
import type { UnverifiedToken } from '../token/compact-token.js';
import { secondsNow } from '../token/expiry.js';
import { principalOf } from '../token/principal.js';
import { checkSignatureLength } from './signature.js';
import type { Issuer, UserPools } from './user-pools.js';
import type { VerifiedToken } from './verified-tokens.js';

/** A token whose signature can be verified now; until that is done, nothing of it may be trusted. */
export interface PreparedToken {
  readonly unverified: UnverifiedToken;
  readonly issuer: Issuer;
  /** None with `unsafe.skipVerification`. */
  readonly key?: SigningKey;
}

/** Everything that is asked of a token but its signature: what comes before it, and what after. */
export class TokenChecks {
  constructor(
    private readonly options: ResolvedOptions,
    private readonly userPools: UserPools,
  ) {}

  /**
   * Structure and key of a token, or its refusal; at once when either is clear.
   *
   * @throws CognitoAuthError `invalid_signature` for a signature that its key cannot have made; or
   * rejects with it, and with whatever else turns up later
   */
  prepare(token: string): PreparedToken | CognitoAuthError | Promise<PreparedToken> {
    const unverified = parseToken(token, this.options.maxTokenLength);
    if (unverified instanceof CognitoAuthError) return unverified;
    const issuer = this.userPools.issuerOf(unverified.claims);
    if (issuer instanceof CognitoAuthError) return issuer;
    if (this.options.skipVerification) return { unverified, issuer };
    const key = issuer.keys.find(unverified.kid);
    if (key instanceof CognitoAuthError) return key;
    return key instanceof Promise
      ? key.then((found) => withKey(unverified, issuer, found))
      : withKey(unverified, issuer, key);
  }

  /**
   * What a token proves, once its signature is verified.
   *
   * @throws CognitoAuthError
   */
  accept({ unverified: { claims }, issuer: { pool, keys }, key }: PreparedToken): VerifiedToken {
    const now = secondsNow();
    checkTimes(claims, now, this.options);
    checkClaims(claims, pool, now);
    const principal = principalOf(claims, pool);
    return { principal, pool, key, keys, verifiedAt: monotonicNow() };
  }
}

function withKey(unverified: UnverifiedToken, issuer: Issuer, key: SigningKey): PreparedToken {
  checkSignatureLength(unverified, key);
  return { unverified, issuer, key };
}
