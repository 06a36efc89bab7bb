import type { Request } from 'express';
import jwksRsa from 'jwks-rsa';
import { ExtractJwt, Strategy } from 'passport-jwt';
import type { StrategyOptionsWithoutRequest } from 'passport-jwt';
import type { PoolSetup } from '../tokens/cognito.js';
import type { Verify } from './verify.js';

/** What the documentation of jwks-rsa gives to passport-jwt. */
export function textbookOptions({ issuer, jwksUri }: PoolSetup): StrategyOptionsWithoutRequest {
  return {
    jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
    secretOrKeyProvider: jwksRsa.passportJwtSecret({
      cache: true,
      rateLimit: true,
      jwksRequestsPerMinute: 5,
      jwksUri,
    }),
    issuer,
    algorithms: ['RS256'],
  };
}

/** The textbook strategy without Nest: run as Passport runs it. */
export function textbookVerifier(setup: PoolSetup): Verify {
  const prototype = new Strategy(textbookOptions(setup), (payload, done) => {
    done(null, payload);
  });
  return (token) =>
    new Promise((resolve, reject) => {
      const strategy = Object.create(prototype) as Strategy;
      strategy.success = resolve;
      strategy.fail = reject;
      strategy.error = reject;
      strategy.authenticate({ headers: { authorization: `Bearer ${token}` } } as Request);
    });
}
