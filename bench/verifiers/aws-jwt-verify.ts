import { CognitoJwtVerifier } from 'aws-jwt-verify';
import type { PoolSetup } from '../tokens/cognito.js';
import type { Verify } from './verify.js';

/** As its README has it, with the key set at hand. */
export function awsJwtVerifier({ userPoolId, clientId, jwks }: PoolSetup): Verify {
  const verifier = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: 'access' });
  verifier.cacheJwks(jwks as Parameters<typeof verifier.cacheJwks>[0]);
  return (token) => verifier.verify(token);
}
