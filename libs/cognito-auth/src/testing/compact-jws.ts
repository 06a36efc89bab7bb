import { type KeyObject, sign } from 'node:crypto';

/** One part of a token: an object, JSON text that is written as it stands, or bytes. */
export type TokenPart = object | string | Buffer;

/** Writes a token in compact form, signed with RS256 whatever its header says. */
export function signedToken(header: TokenPart, payload: TokenPart, privateKey: KeyObject): string {
  const signingInput = `${encoded(header)}.${encoded(payload)}`;
  const signature = sign('RSA-SHA256', Buffer.from(signingInput), privateKey);
  return `${signingInput}.${signature.toString('base64url')}`;
}

function encoded(part: TokenPart): string {
  return isVerbatim(part)
    ? Buffer.from(part).toString('base64url')
    : Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Tells a part that is already written, as text or bytes, from an object. */
export function isVerbatim(part: TokenPart): part is string | Buffer {
  return typeof part === 'string' || Buffer.isBuffer(part);
}
