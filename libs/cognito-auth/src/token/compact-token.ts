import { isAscii, isUtf8 } from 'node:buffer';
import { LRUCache } from 'lru-cache';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { memberOf } from './claims.js';
import type { JsonObject } from './claims.js';

/** What can be read from a token before its signature is checked. Nothing of it may be trusted. */
export interface UnverifiedToken {
  readonly kid: string;
  readonly claims: JsonObject;
  /** The header and the payload as they are encoded, with the dot between them. */
  readonly signingInput: string;
  readonly signature: Buffer;
  /** The header, when none like it was remembered. */
  readonly newHeader?: JsonObject;
}

/** Characters of the longest key id that is looked up, or taken from a key set. */
export const MAX_KID_LENGTH = 256;

/**
 * Reads a token and refuses whatever is not the shape of a Cognito token, before any key is looked
 * up.
 *
 * @param maxLength in characters
 * @throws CognitoAuthError `malformed_token`
 */
export function parseToken(token: string, maxLength: number): UnverifiedToken {
  if (token.length > maxLength) throw malformed(`The token is longer than ${maxLength} characters`);
  const { header, newHeader, payload, signingInput, signature } = parseJws(token);
  return {
    kid: kidOf(header),
    claims: jsonObjectOf(payload, 'payload'),
    signingInput,
    signature,
    newHeader,
  };
}

/** A JWS in compact serialization whose header says RS256, and nothing that changes what is signed. */
interface CompactJws {
  readonly header: JsonObject;
  /** The same, when none like it was remembered. */
  readonly newHeader?: JsonObject;
  readonly payload: Buffer;
  readonly signingInput: string;
  readonly signature: Buffer;
}

/**
 * Reads a JWS in compact serialization, whatever its payload is. RFC 7515 §3.1, §5.2; RFC 8725 §3.
 *
 * @throws CognitoAuthError `malformed_token`
 */
export function parseJws(jws: string): CompactJws {
  const [header, payload, signature] = partsOf(jws);
  const known = headers.get(header);
  const read = known ?? headerOf(header);
  return {
    header: read,
    newHeader: known ? undefined : read,
    payload: bytesOf(payload, 'payload'),
    signingInput: jws.slice(0, header.length + 1 + payload.length),
    signature: bytesOf(signature, 'signature'),
  };
}

/** What the headers of verified tokens say, by their text. All tokens of a key have the same one. */
const headers = new LRUCache<string, JsonObject>({ max: 100 });

/**
 * Spares later tokens with the same header that it is read again. For verified tokens: anybody can
 * send others, and they would take the place of these.
 */
export function rememberHeader({ newHeader, signingInput }: UnverifiedToken): void {
  if (!newHeader) return;
  // A text of its own: a slice of the token would keep the whole token.
  const text = Buffer.from(signingInput.slice(0, signingInput.indexOf('.'))).toString();
  headers.set(text, newHeader);
}

function headerOf(part: string): JsonObject {
  const header = Object.freeze(jsonObjectOf(bytesOf(part, 'header'), 'header'));
  checkHeader(header);
  return header;
}

function partsOf(token: string): [string, string, string] {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  // A part that is empty puts two dots, or a dot and an end, beside each other.
  const isWhole = first > 0 && second > first + 1 && second < token.length - 1;
  if (!isWhole || token.includes('.', second + 1)) throw notThreeParts(token);
  return [token.slice(0, first), token.slice(first + 1, second), token.slice(second + 1)];
}

function notThreeParts(token: string): CognitoAuthError {
  return token.split('.', 6).length === 5
    ? malformed(
        'The token is encrypted, as refresh tokens of Cognito are; send an access token or an ID token',
      )
    : malformed('The token does not have three non-empty parts separated by dots');
}

function bytesOf(part: string, name: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  // Buffer skips what it does not know; only the canonical encoding (RFC 4648 §3.5, §5) comes back the same.
  if (bytes.toString('base64url') !== part) {
    throw malformed(`The ${name} of the token is not canonical base64url without padding`);
  }
  return bytes;
}

function jsonObjectOf(bytes: Buffer, name: string): JsonObject {
  const value = jsonOf(textOf(bytes, name));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`The ${name} of the token is not a JSON object`);
  }
  return value as JsonObject;
}

function textOf(bytes: Buffer, name: string): string {
  // Most tokens; to decode it as UTF-8 would take longer.
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw malformed(`The ${name} of the token is not UTF-8`);
}

function jsonOf(text: string): unknown {
  // Saves the exception, which costs more than everything else here, for most of what is no JSON.
  if (!/^[ \t\n\r]*\{/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkHeader(header: JsonObject): void {
  // Exactly one algorithm is ever accepted: RFC 8725 §3.1.
  if (memberOf(header, 'alg') !== 'RS256') throw malformed('The token is not signed with RS256');
  // RFC 7515 §4.1.11 (crit), §4.1.10 (cty: a nested token), RFC 7797 §3 (b64).
  for (const name of ['crit', 'cty', 'b64']) {
    if (Object.hasOwn(header, name)) {
      throw malformed(`The header of the token has the member ${name}, which Cognito never sends`);
    }
  }
  const typ = memberOf(header, 'typ');
  if (Object.hasOwn(header, 'typ') && typ !== 'JWT' && typ !== 'at+jwt') {
    throw malformed('The member typ in the header of the token is neither JWT nor at+jwt');
  }
}

function kidOf(header: JsonObject): string {
  const kid = memberOf(header, 'kid');
  if (typeof kid !== 'string' || kid.length === 0 || kid.length > MAX_KID_LENGTH) {
    throw malformed(
      `The member kid in the header of the token is not a string of 1 to ${MAX_KID_LENGTH} characters`,
    );
  }
  return kid;
}

function malformed(message: string): CognitoAuthError {
  return new CognitoAuthError('malformed_token', message);
}
