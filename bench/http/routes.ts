import { UseGuards } from '@nestjs/common';
import type { ModuleMetadata, Provider } from '@nestjs/common';
import { Authenticated, CognitoAuthModule, Groups, Scopes, UsersOnly } from 'nestjs-cognito-auth';
import type { PoolSetup } from '../tokens/cognito.js';
import { awsJwtVerifier } from '../verifiers/aws-jwt-verify.js';
import { bareVerifier } from '../verifiers/bare.js';
import { cognitoAuthOptions } from '../verifiers/cognito-auth.js';
import { fastJwtVerifier } from '../verifiers/fast-jwt.js';
import { joseVerifier } from '../verifiers/jose.js';
import type { Verify } from '../verifiers/verify.js';
import { JwtGuard, SuccessGuard, SuccessStrategy, textbookStrategy } from './passport.guards.js';
import { VerifierGuard } from './verifier.guard.js';

/** What guards a route. */
export interface Protection {
  readonly decorators: readonly ClassDecorator[];
  readonly imports?: ModuleMetadata['imports'];
  readonly providers?: Provider[];
}

const ROUTES = {
  unguarded: () => ({ decorators: [] }),
  'guard that returns true': () => guarded(UseGuards({ canActivate: () => true })),
  'Passport alone': () => ({
    decorators: [UseGuards(SuccessGuard)],
    providers: [SuccessStrategy],
  }),
  'crypto.verify alone': (setup) => verified(bareVerifier(setup)),
  'passport-jwt + jwks-rsa': (setup) => ({
    decorators: [UseGuards(JwtGuard)],
    providers: [textbookStrategy(setup)],
  }),
  'aws-jwt-verify': (setup) => verified(awsJwtVerifier(setup)),
  jose: (setup) => verified(joseVerifier(setup)),
  'fast-jwt': (setup) => verified(fastJwtVerifier(setup, false)),
  'fast-jwt, cache': (setup) => verified(fastJwtVerifier(setup, true)),
  CognitoGuard: (setup) => cognito(setup, Authenticated()),
  'CognitoGuard, 1 rule': (setup) => cognito(setup, Groups('admin')),
  'CognitoGuard, 3 rules': (setup) =>
    cognito(setup, Groups('admin'), Scopes('orders/read'), UsersOnly()),
} satisfies Record<string, (setup: PoolSetup) => Protection>;

export type RouteName = keyof typeof ROUTES;

/** How the one route of a server is guarded, by the name of the guard. */
export function protectionOf(route: RouteName, setup: PoolSetup): Protection {
  return ROUTES[route](setup);
}

function guarded(...decorators: readonly ClassDecorator[]): Protection {
  return { decorators };
}

function verified(verify: Verify): Protection {
  return guarded(UseGuards(new VerifierGuard(verify)));
}

function cognito(setup: PoolSetup, ...decorators: readonly ClassDecorator[]): Protection {
  return { decorators, imports: [CognitoAuthModule.forRoot(cognitoAuthOptions(setup))] };
}
