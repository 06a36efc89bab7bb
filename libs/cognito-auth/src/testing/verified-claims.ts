import { createPublicKey, verify } from 'node:crypto';
import type { LocalJwk } from './local-keys.js';
import type { TokenClaims } from './token-shapes.js';

/** The claims of a token, when one of these keys has signed it with RS256; otherwise nothing. */
export function verifiedClaimsOf(
  token: string,
  keys: readonly LocalJwk[],
): TokenClaims | undefined {
  const [, head = '', payload = '', signature = ''] = COMPACT_JWS.exec(token) ?? [];
  const header = objectIn(head);
  const key = keys.find(({ kid }) => kid === header?.kid);
  if (!key || header?.alg !== 'RS256' || !isCanonical(signature)) return undefined;

  const isGenuine = verify(
    'RSA-SHA256',
    Buffer.from(`${head}.${payload}`),
    createPublicKey({ key, format: 'jwk' }),
    Buffer.from(signature, 'base64url'),
  );
  return isGenuine ? objectIn(payload) : undefined;
}

const COMPACT_JWS = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

// Otherwise one signature could be written in several ways: RFC 4648 §3.5.
function isCanonical(part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part;
}

function objectIn(part: string): TokenClaims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as TokenClaims) : undefined;
  } catch {
    return undefined;
  }
}
