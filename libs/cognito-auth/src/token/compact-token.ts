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
 * The refusal `malformed_token` is returned and not thrown, here and in what this calls: V8 never
 * optimizes a function that only ever throws, which a flood of garbage would make of all of these.
 *
 * @param maxLength in characters
 */
export function parseToken(token: string, maxLength: number): UnverifiedToken | CognitoAuthError {
  if (token.length > maxLength) {
    return malformed(`The token is longer than ${maxLength} characters`);
  }
  const jws = parseJws(token);
  if (jws instanceof CognitoAuthError) return jws;
  const { header, newHeader, payload, signingInput, signature } = jws;
  const kid = kidOf(header);
  if (kid instanceof CognitoAuthError) return kid;
  const claims = jsonObjectOf(payload, 'payload');
  if (claims instanceof CognitoAuthError) return claims;
  return { kid, claims, signingInput, signature, newHeader };
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
 * Reads a JWS in compact serialization, whatever its payload is, or returns why it is refused
 * (`malformed_token`). RFC 7515 §3.1, §5.2; RFC 8725 §3.
 */
export function parseJws(jws: string): CompactJws | CognitoAuthError {
  const parts = partsOf(jws);
  if (!parts) return notThreeParts(jws);
  const known = headers.get(parts.header);
  const header = known ?? headerOf(parts.header);
  if (header instanceof CognitoAuthError) return header;
  const payload = bytesOf(parts.payload);
  if (!payload) return notCanonical('payload');
  const signature = bytesOf(parts.signature);
  if (!signature) return notCanonical('signature');
  return {
    header,
    newHeader: known ? undefined : header,
    payload,
    signingInput: jws.slice(0, parts.header.length + 1 + parts.payload.length),
    signature,
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
  headers.set(text, Object.freeze(newHeader));
}

function headerOf(part: string): JsonObject | CognitoAuthError {
  const bytes = bytesOf(part);
  if (!bytes) return behindScheme(part) ?? notCanonical('header');
  const header = jsonObjectOf(bytes, 'header');
  if (header instanceof CognitoAuthError) return header;
  return refusalOfHeader(header) ?? header;
}

/** The three parts of a token as they are encoded, when there are three. */
function partsOf(token: string) {
  const first = token.indexOf('.');
  const second = token.indexOf('.', first + 1);
  // A part that is empty puts two dots, or a dot and an end, beside each other.
  const isWhole = first > 0 && second > first + 1 && second < token.length - 1;
  if (!isWhole || token.includes('.', second + 1)) return undefined;
  return {
    header: token.slice(0, first),
    payload: token.slice(first + 1, second),
    signature: token.slice(second + 1),
  };
}

function notThreeParts(token: string): CognitoAuthError {
  if (token.split('.', 6).length === 5) {
    return malformed(
      'The token is encrypted, as refresh tokens of Cognito are; send an access token or an ID token',
    );
  }
  return (
    behindScheme(token) ??
    malformed('The token does not have three non-empty parts separated by dots')
  );
}

/** The refusal of a whole header that was taken for the token in it (RFC 9110 §11.4). */
function behindScheme(text: string): CognitoAuthError | undefined {
  if (/^\s*bearer\s/i.test(text)) {
    return malformed('The token has "Bearer" in front of it; give it without "Bearer"');
  }
  // The header of a token is JSON, whose first two characters are these.
  if (!/^\s*[A-Za-z][\w-]*\s+ey/.test(text)) return undefined;
  return malformed('The token has a scheme such as "JWT" in front of it; give it without one');
}

/** What a part of a token encodes, when that is base64url in the canonical form. */
function bytesOf(part: string): Buffer | undefined {
  const bytes = Buffer.from(part, 'base64url');
  // Buffer skips what it does not know; only the canonical encoding (RFC 4648 §3.5, §5) comes back the same.
  return bytes.toString('base64url') === part ? bytes : undefined;
}

function notCanonical(name: string): CognitoAuthError {
  return malformed(`The ${name} of the token is not canonical base64url without padding`);
}

function jsonObjectOf(bytes: Buffer, name: string): JsonObject | CognitoAuthError {
  const text = textOf(bytes);
  if (text === undefined) return malformed(`The ${name} of the token is not UTF-8`);
  const value = jsonOf(text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject) return malformed(`The ${name} of the token is not a JSON object`);
  return value as JsonObject;
}

function textOf(bytes: Buffer): string | undefined {
  // Most tokens; to decode it as UTF-8 would take longer.
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
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

function refusalOfHeader(header: JsonObject): CognitoAuthError | undefined {
  // Exactly one algorithm is ever accepted: RFC 8725 §3.1.
  if (memberOf(header, 'alg') !== 'RS256') return malformed('The token is not signed with RS256');
  // RFC 7515 §4.1.11 (crit), §4.1.10 (cty: a nested token), RFC 7797 §3 (b64).
  for (const name of ['crit', 'cty', 'b64']) {
    if (Object.hasOwn(header, name)) {
      return malformed(`The header of the token has the member ${name}, which Cognito never sends`);
    }
  }
  const typ = memberOf(header, 'typ');
  if (Object.hasOwn(header, 'typ') && typ !== 'JWT' && typ !== 'at+jwt') {
    return malformed('The member typ in the header of the token is neither JWT nor at+jwt');
  }
  return undefined;
}

function kidOf(header: JsonObject): string | CognitoAuthError {
  const kid = memberOf(header, 'kid');
  if (typeof kid !== 'string' || kid.length === 0 || kid.length > MAX_KID_LENGTH) {
    return malformed(
      `The member kid in the header of the token is not a string of 1 to ${MAX_KID_LENGTH} characters`,
    );
  }
  return kid;
}

function malformed(message: string): CognitoAuthError {
  return new CognitoAuthError('malformed_token', message);
}
