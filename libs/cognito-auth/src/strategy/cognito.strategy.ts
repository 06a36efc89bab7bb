import { HttpException } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-jwt';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoPrincipal } from '../token/principal.js';
import { expired, notActiveYet, secondsNow } from '../token/expiry.js';
import { extractToken, missingToken } from '../transport/token-extractors.js';
import { challengeIfRefused } from './response-of.js';
import { invalidSignature } from './signature.js';
import type { PreparedToken } from './token-checks.js';
import { asRefusal } from './token-verifier.js';
import type { TokenVerifier } from './token-verifier.js';
import type { VerifiedToken } from './verified-tokens.js';

/** What passport-jwt takes for the request: one token of one request, and its key. */
interface Verification {
  readonly request: object;
  readonly token: string;
  readonly prepared: PreparedToken;
}

/** What becomes of a request: what the strategy leaves to the registration that it is of. */
export interface Outcomes {
  /** Resolves with the user of Passport, or rejects. */
  admit(admission: Admission): Promise<CognitoPrincipal>;
  /** Called with each refusal, before Passport gets to know it. */
  refused(error: CognitoAuthError, token?: string): void;
}

/** A request whose token is verified. */
export interface Admission {
  readonly request: object;
  readonly token: string;
  readonly verified: VerifiedToken;
}

type KeyCallback = (error: unknown, key?: string) => void;

/**
 * Registers a strategy with Passport that accepts what the guard accepts.
 *
 * Structure, key and claims are checked as everywhere; signature, times and issuer are verified by
 * passport-jwt. It starts only when the token and its key are at hand: from there it runs
 * synchronously, so that it answers once.
 */
export function createCognitoStrategy(
  name: string,
  { checks, options, userPools }: TokenVerifier,
  outcomes: Outcomes,
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
      const sent: { token?: string } = {};
      const refuse = (reason: unknown): void => {
        const refusal = refusalOf(reason);
        if (refusal instanceof CognitoAuthError) outcomes.refused(refusal, sent.token);
        if (!isRefusal(refusal)) return error(refusal);
        const status = refusal.getStatus();
        const challenge = refusal.challenge(options.realm);
        // Passport itself sends only challenges that are text, and this one is an error with a code.
        if (challenge) challengeIfRefused(request, challenge, status);
        fail(refusal, status);
      };
      this.fail = refuse;
      this.error = refuse;
      this.start(request, sent).catch(refuse);
    }

    private async start(request: object, sent: { token?: string }): Promise<void> {
      const token = await Promise.resolve(extractToken(options.tokenFrom, request));
      if (token === null) throw missingToken(options.tokenFrom, request);
      sent.token = token;
      const prepared = await checks.prepare(token);
      if (prepared instanceof CognitoAuthError) throw prepared;
      const verification: Verification = { request, token, prepared };
      if (!options.skipVerification) return super.authenticate(verification as never);
      this.success(await this.validate(verification));
    }

    /** Called once signature, times and issuer are verified. */
    validate({ request, token, prepared }: Verification): Promise<CognitoPrincipal> {
      return outcomes.admit({ request, token, verified: checks.accept(prepared) });
    }
  }
  return new CognitoStrategy();
}

/** A caller at fault: Passport goes on with the next strategy, or answers with this one's status. */
function isRefusal(error: HttpException): error is CognitoAuthError {
  return error instanceof CognitoAuthError && error.getStatus() < 500;
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
