import { HttpException } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { expired, notActiveYet, secondsNow } from '../token/expiry.js';
import { extractToken, missingToken } from '../transport/token-extractors.js';
import { invalidSignature } from './signature.js';
import type { PreparedToken } from './token-checks.js';
import { asRefusal } from './token-verifier.js';
import type { TokenVerifier } from './token-verifier.js';
import type { VerifiedToken } from './verified-tokens.js';

/** What passport-jwt takes for the request: one token of one request, and its key. */
interface Verification {
  readonly token: string;
  readonly prepared: PreparedToken;
}

type KeyCallback = (error: unknown, key?: string) => void;

/**
 * Registers a strategy with Passport that accepts what the guard accepts.
 *
 * Structure, key and claims are checked as everywhere; signature, times and issuer are verified by
 * passport-jwt. It starts only when the token and its key are at hand: from there it runs
 * synchronously, so that it answers once.
 *
 * @param admit resolves with the user of Passport, or rejects
 */
export function createCognitoStrategy(
  name: string,
  { checks, options, userPools }: TokenVerifier,
  admit: (verified: VerifiedToken) => Promise<CognitoPrincipal>,
): Strategy {
  class CognitoStrategy extends PassportStrategy(Strategy, name) {
    constructor() {
      super({
        jwtFromRequest: (request: unknown) => (request as Verification).token,
        secretOrKeyProvider: (request: unknown, _token: unknown, done: KeyCallback) => {
          // jsonwebtoken takes a KeyObject, the types of passport-jwt do not say so.
          done(null, (request as Verification).prepared.key?.publicKey as unknown as string);
        },
        algorithms: ['RS256'],
        issuer: userPools.issuers,
        ignoreExpiration: options.ignoreExpiration,
        jsonWebTokenOptions: { clockTolerance: options.clockTolerance },
        passReqToCallback: true,
      });
    }

    /** Passport makes an object with actions of its own out of this strategy for every request. */
    override authenticate(request: object): void {
      const fail = this.fail.bind(this);
      const error = this.error.bind(this);
      const refuse = (reason: unknown): void => {
        const refusal = refusalOf(reason);
        if (!isRefusal(refusal)) return error(refusal);
        setChallenge(request, refusal.challenge(options.realm));
        fail(refusal, refusal.getStatus());
      };
      this.fail = refuse;
      this.error = refuse;
      this.start(request).catch(refuse);
    }

    private async start(request: object): Promise<void> {
      const token = await Promise.resolve(extractToken(options.tokenFrom, request));
      if (token === null) throw missingToken(options.tokenFrom, request);
      const prepared = await checks.prepare(token);
      if (prepared instanceof CognitoAuthError) throw prepared;
      const verification = { token, prepared };
      if (!options.skipVerification) return super.authenticate(verification as never);
      this.success(await this.validate(verification));
    }

    /** Called once signature, times and issuer are verified. */
    validate({ prepared }: Verification): Promise<CognitoPrincipal> {
      return admit(checks.accept(prepared));
    }
  }
  return new CognitoStrategy();
}

/** A caller at fault: Passport goes on with the next strategy, or answers with this one's status. */
function isRefusal(error: HttpException): error is CognitoAuthError {
  return error instanceof CognitoAuthError && error.getStatus() < 500;
}

/** Passport itself sends only challenges that are text, and this one is an error with a code. */
function setChallenge(request: object, challenge: string | undefined): void {
  const { res: response } = request as { res?: { setHeader?(name: string, value: string): void } };
  if (challenge) response?.setHeader?.('WWW-Authenticate', challenge);
}

/** jsonwebtoken tells its refusals apart by name and by text. */
function refusalOf(reason: unknown): HttpException {
  if (reason instanceof HttpException) return reason;
  const { name, message, expiredAt } = reason as Error & { expiredAt?: Date };
  if (name === 'TokenExpiredError') return expired(Number(expiredAt) / 1000, secondsNow());
  if (name === 'NotBeforeError') return notActiveYet();
  if (message === 'invalid signature') return invalidSignature(reason);
  return asRefusal(reason);
}
