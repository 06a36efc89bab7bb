import type { CognitoAuthOptions, KeyOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';

/** A user pool of which only the key set is served, by a script. */
export function createUserPool(issuer?: string): Promise<LocalUserPool> {
  return LocalUserPool.create({
    userPoolId: 'eu-west-1_FaultS001',
    issuer: issuer ?? 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_FaultS001',
    users: [{ username: 'alice' }],
  });
}

export const HOUR = 3_600_000;

/** Module options that trust the user pool and fetch its keys when the first token comes. */
export function trusting(
  pool: LocalUserPool,
  { uri }: { uri: string },
  keys: KeyOptions = {},
): CognitoAuthOptions {
  const { userPoolId, clientId, issuer } = pool.options();
  return {
    userPoolId,
    clientId,
    issuer,
    jwksUri: uri,
    // Generous where nothing is said, so that a busy machine changes no outcome.
    keys: { preload: 'lazy', maxAge: HOUR, staleFor: HOUR, timeout: 60_000, ...keys },
  };
}

/** The same token, as if another key had signed it. */
export function withKid(token: string, kid: string): string {
  const [, payload, signature] = token.split('.');
  const header = Buffer.from(JSON.stringify({ kid, alg: 'RS256' })).toString('base64url');
  return [header, payload, signature].join('.');
}
