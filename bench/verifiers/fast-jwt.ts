import { createPublicKey } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import type { PoolSetup } from '../tokens/cognito.js';
import { checkCognitoClaims, type Verify } from './verify.js';

/**
 * With one fixed key, its fastest way: a function for the key is asynchronous, and imports the key
 * anew for every token.
 */
export function fastJwtVerifier({ clientId, issuer, jwks }: PoolSetup, cache: boolean): Verify {
  const key = createPublicKey({ key: jwks.keys[0] ?? {}, format: 'jwk' });
  const verify = createVerifier({
    key: key.export({ type: 'spki', format: 'pem' }) as string,
    algorithms: ['RS256'],
    allowedIss: issuer,
    requiredClaims: ['iss', 'exp'],
    cache,
  });
  return (token) => {
    const claims = verify(token) as Record<string, unknown>;
    checkCognitoClaims(claims, clientId);
    return claims;
  };
}
