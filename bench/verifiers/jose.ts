import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import type { PoolSetup } from '../tokens/cognito.js';
import { checkCognitoClaims, type Verify } from './verify.js';

/** With a local key set, which imports each key once. */
export function joseVerifier({ clientId, issuer, jwks }: PoolSetup): Verify {
  const keys = createLocalJWKSet(jwks as JSONWebKeySet);
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, { issuer, algorithms: ['RS256'] });
    checkCognitoClaims(payload, clientId);
    return payload;
  };
}
