import type { JsonWebKey } from 'node:crypto';

/** What verifiers are told about the user pool: what an API in production is told, and its keys. */
export interface PoolSetup {
  readonly userPoolId: string;
  readonly clientId: string;
  readonly issuer: string;
  /** Where the key set is. */
  readonly jwksUri: string;
  /** First the key of access tokens. */
  readonly jwks: { readonly keys: readonly (JsonWebKey & { kid: string })[] };
}

/** Shaped as those of Cognito, which some of the peers insist on. */
export const POOL = {
  userPoolId: 'eu-west-1_BenchPool',
  clientId: '1h57kf5cpq17m0eml12example',
  issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_BenchPool',
} as const;

/** The user whose tokens are sent; the rules of the routes let this user in. */
export const USER = { username: 'alice', groups: ['support', 'admin'] } as const;

export const SCOPES = ['openid', 'email', 'orders/read', 'orders/write'] as const;
