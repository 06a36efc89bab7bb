import type { JsonWebKey } from 'node:crypto';
import { ecPair, ed25519Pair, rsaPair } from './forgery.js';
import type { KeyPair } from './forgery.js';

/** Keys that a key set may hold and that no RS256 token may be verified with. */
export function unfitKeys(rsa: KeyPair) {
  const published = (kid: string, members: JsonWebKey): KeyPair => ({
    ...rsa,
    jwk: { ...rsa.jwk, ...members, kid },
  });
  return {
    ec: ecPair('ec-key'),
    ecAsRs256: ecPair('ec-key-that-says-rs256', { alg: 'RS256' }),
    ed25519: ed25519Pair('ed25519-key'),
    weak: rsaPair('weak-key', {}, 1024),
    encryption: published('encryption-key', { use: 'enc' }),
    forRs512: published('key-for-rs512', { alg: 'RS512' }),
    withPrivateHalf: published('with-its-private-half', rsa.privateKey.export({ format: 'jwk' })),
    one: published('exponent-of-one', { e: 'AQ' }),
    symmetric: published('symmetric-key', { kty: 'oct', k: 'c2VjcmV0' }),
  };
}
