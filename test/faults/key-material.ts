import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/** A key of a key set, and a token that it would verify. */
export interface BadKey {
  readonly jwk: JsonWebKey & Record<string, unknown>;
  readonly token: string;
}

type Payload = string;

/** An RSA key of this size, with members that replace its own. */
export function rsaKey(payload: Payload, members: object = {}, bits = 2048): BadKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const jwk = { ...publicPartOf(privateKey), kid: 'rsa', ...members };
  return { jwk, token: signed(payload, jwk.kid, privateKey) };
}

/** An RSA key whose private half is published with it. */
export function privateRsaKey(payload: Payload): BadKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'private' };
  return { jwk, token: signed(payload, jwk.kid, privateKey) };
}

/** An RSA key with the exponent 1: whoever knows its length can make its signatures. */
export function exponentOneKey(payload: Payload): BadKey {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...publicPartOf(privateKey), e: 'AQ', kid: 'one' };
  const input = signingInput(payload, jwk.kid);
  return { jwk, token: `${input}.${encodedMessage(input, 256).toString('base64url')}` };
}

/** A key of an elliptic curve, under whose name an RSA key signs. */
export function ecKey(payload: Payload): BadKey {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { token } = rsaKey(payload, { kid: 'ec' });
  return { jwk: { ...publicKey.export({ format: 'jwk' }), kid: 'ec', use: 'sig' }, token };
}

/** A symmetric key, under whose name an RSA key signs. */
export function octKey(payload: Payload): BadKey {
  const { token } = rsaKey(payload, { kid: 'oct' });
  return { jwk: { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: 'oct' }, token };
}

function publicPartOf(privateKey: KeyObject): JsonWebKey {
  return createPublicKey(privateKey).export({ format: 'jwk' });
}

function signed(payload: Payload, kid: string, privateKey: KeyObject): string {
  const input = signingInput(payload, kid);
  return `${input}.${sign('RSA-SHA256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function signingInput(payload: Payload, kid: string): string {
  const header = Buffer.from(JSON.stringify({ kid, alg: 'RS256' })).toString('base64url');
  return `${header}.${payload}`;
}

/** RFC 8017 §9.2: what a signature becomes when it is raised to the exponent. */
function encodedMessage(input: string, length: number): Buffer {
  const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const digest = createHash('sha256').update(input).digest();
  const padding = Buffer.alloc(length - 3 - digestInfo.length - digest.length, 0xff);
  return Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), digestInfo, digest]);
}
