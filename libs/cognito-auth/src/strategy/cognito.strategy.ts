import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import type { ResolvedOptions } from '../cognito-auth.resolved-options.js';
import type { SigningKey } from '../keys/signing-key.js';
import { checkClaims } from '../token/claim-checks.js';
import type { JsonObject } from '../token/claims.js';
import { parseToken } from '../token/compact-token.js';
import type { UnverifiedToken } from '../token/compact-token.js';
import { expired, isExpired, secondsNow } from '../token/expiry.js';
import { principalOf } from '../token/principal.js';
import { ALGORITHMS, checkSignatureLength } from './signature.js';
import type { Issuer, UserPools } from './user-pools.js';
import type { VerifiedToken } from './verified-tokens.js';

/** What Passport takes for the request: one verification of one token. */
export interface Verification {
  readonly token: string;
  issuer?: Issuer;
  key?: SigningKey;
  /** Set by Passport once the token is verified. */
  user?: VerifiedToken;
}

type KeyCallback = (error: unknown, key?: string) => void;

/**
 * Registers the strategy that verifies the tokens of these user pools with Passport.
 *
 * The order is structure, key, signature, claims. passport-jwt starts only when the key is at
 * hand: from there it runs synchronously, so that it answers once and whatever it throws is caught.
 */
export function createCognitoStrategy(
  name: string,
  options: ResolvedOptions,
  userPools: UserPools,
): void {
  class CognitoStrategy extends PassportStrategy(Strategy, name) {
    constructor() {
      super({
        jwtFromRequest: (request: unknown) => (request as Verification).token,
        secretOrKeyProvider: (request: unknown, _token: unknown, done: KeyCallback) => {
          // jsonwebtoken takes a KeyObject, the types of passport-jwt do not say so.
          done(null, (request as Verification).key?.publicKey as unknown as string);
        },
        algorithms: [...ALGORITHMS],
        issuer: userPools.issuers,
        ignoreExpiration: options.ignoreExpiration,
        jsonWebTokenOptions: { clockTolerance: options.clockTolerance },
        passReqToCallback: true,
      });
    }

    override authenticate(request: unknown): void {
      const verification = request as Verification;
      this.prepare(verification)
        .then((token) => this.proceed(verification, token))
        .catch((error: Error) => this.error(error));
    }

    /** Everything that comes before the signature. */
    private async prepare(verification: Verification): Promise<UnverifiedToken> {
      const token = parseToken(verification.token, options.maxTokenLength);
      verification.issuer = userPools.issuerOf(token.claims);
      if (options.skipVerification) return token;
      verification.key = await verification.issuer.keys.find(token.kid);
      checkSignatureLength(token.signatureLength, verification.key);
      return token;
    }

    private proceed(verification: Verification, token: UnverifiedToken): void {
      if (!options.skipVerification) {
        super.authenticate(verification as never);
        return;
      }
      this.success(this.validate(verification, token.claims));
    }

    /** Called with the payload once signature, expiry and issuer are verified. */
    validate(verification: Verification, claims: JsonObject): VerifiedToken {
      const { pool, keys } = verification.issuer as Issuer;
      const now = secondsNow();
      checkClaims(claims, pool, now);
      if (!options.ignoreExpiration && isExpired(claims.exp, now, options.clockTolerance)) {
        throw expired(claims.exp, now);
      }
      return { principal: principalOf(claims, pool), pool, key: verification.key, keys };
    }
  }
  // oxlint-disable-next-line no-new -- its constructor registers it
  new CognitoStrategy();
}
