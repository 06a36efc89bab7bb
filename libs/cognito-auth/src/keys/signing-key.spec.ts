import { generateKeyPairSync } from 'node:crypto';
import type { JsonWebKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rsaKeysOf, signingKeyOf, usableKeysOf } from './signing-key.js';
import type { RsaKeyMembers } from './signing-key.js';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
const JWK: JsonWebKey = { kty: 'RSA', kid: 'k1', n, e, alg: 'RS256', use: 'sig' };
const MEMBERS: RsaKeyMembers = { kty: 'RSA', kid: 'k1', n, e, alg: 'RS256', use: 'sig' };

/** The ids of the keys of a set that are taken. */
function kidsOf(...keys: unknown[]): string[] {
  return rsaKeysOf({ keys }).map((key) => key.kid);
}

describe('rsaKeysOf()', () => {
  it('takes the keys of Cognito', () => {
    expect(rsaKeysOf({ keys: [JWK] })).toEqual([MEMBERS]);
  });

  it('takes a key that says neither alg nor use, as RS256 and sig', () => {
    const { alg: _alg, use: _use, ...bare } = JWK;
    expect(rsaKeysOf({ keys: [bare] })).toEqual([MEMBERS]);
  });

  it('takes a key that may verify, among other things', () => {
    expect(kidsOf({ ...JWK, key_ops: ['verify', 'encrypt'] })).toEqual(['k1']);
  });

  it('leaves out what else a key says', () => {
    const jwk = { ...JWK, x5c: ['a'], x5u: 'http://evil.example', jku: 'http://evil.example' };
    expect(rsaKeysOf({ keys: [jwk] })).toEqual([MEMBERS]);
  });

  it.each([
    ['an elliptic curve key', { ...JWK, kty: 'EC' }],
    ['a secret', { kty: 'oct', kid: 'k1', k: 'c2VjcmV0' }],
    ['a key without a modulus', { ...JWK, n: undefined }],
    ['a key without an exponent', { ...JWK, e: 65_537 }],
    ['a key without a kid', { ...JWK, kid: undefined }],
    ['an empty kid', { ...JWK, kid: '' }],
    ['a kid that is a number', { ...JWK, kid: 1 }],
    ['a kid of 257 characters', { ...JWK, kid: 'k'.repeat(257) }],
    ['a key for another algorithm', { ...JWK, alg: 'RS512' }],
    ['a key for PS256', { ...JWK, alg: 'PS256' }],
    ['a key whose alg is null', { ...JWK, alg: null }],
    ['a key for encryption', { ...JWK, use: 'enc' }],
    ['a key whose operations leave out verify', { ...JWK, key_ops: ['encrypt'] }],
    ['a key whose operations are no list', { ...JWK, key_ops: 'verify' }],
    ['a key that is published with its private half', privateKey.export({ format: 'jwk' })],
    ['a private half beside a kid', { ...privateKey.export({ format: 'jwk' }), kid: 'k1' }],
    ['null', null],
    ['text', 'k1'],
    ['a list', [JWK]],
  ])('leaves out %s, and keeps the others', (_, bad) => {
    expect(kidsOf(bad, { ...JWK, kid: 'good' })).toEqual(['good']);
  });

  it('gives no key for an empty set', () => {
    expect(kidsOf()).toEqual([]);
  });

  it.each([[null], [undefined], ['{"keys":[]}'], [[]], [{}], [{ keys: {} }], [{ keys: null }]])(
    'refuses %j, which is no key set',
    (keySet) => {
      expect(() => rsaKeysOf(keySet)).toThrow('the answer is not a JSON Web Key Set');
    },
  );
});

describe('usableKeysOf()', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;

  it('takes the keys that can verify', () => {
    const short = { ...JWK, n: weak.export({ format: 'jwk' }).n };
    expect(usableKeysOf({ keys: [short, JWK, { ...JWK, kty: 'EC' }] })).toEqual([MEMBERS]);
  });

  it.each([
    ['it is empty', []],
    ['keys: 1 that is no object', [null]],
    ['keys: 1 of another "kty" than "RSA"', [{ ...JWK, kty: 'secret' }]],
    [
      'keys: 2 without "n" or "e"',
      [
        { kty: 'RSA', x5c: ['secret'] },
        { ...JWK, n: undefined },
      ],
    ],
    ['keys: 1 without "kid"', [{ ...JWK, kid: undefined }]],
    ['keys: 1 with a "kid" that is too long', [{ ...JWK, kid: 'k'.repeat(257) }]],
    ['keys: 1 of another "alg" than "RS256"', [{ ...JWK, alg: 'secret' }]],
    ['keys: 1 of another "use" than "sig"', [{ ...JWK, use: 'secret' }]],
    ['keys: 1 without "verify" in "key_ops"', [{ ...JWK, key_ops: ['secret'] }]],
    ['keys: 1 with its private half', [{ ...JWK, d: 'secret' }]],
    [
      'keys: 1 malformed or of less than 2048 bits',
      [{ ...JWK, ...weak.export({ format: 'jwk' }) }],
    ],
    [
      'keys: 1 of another "alg" than "RS256", 1 without "kid"',
      [
        { ...JWK, alg: 'x' },
        { ...JWK, kid: 7 },
      ],
    ],
  ])('says why there is none: %s', (reason, keys) => {
    expect(() => usableKeysOf({ keys })).toThrow(
      new Error(`the key set has no RSA key that is fit for RS256 (${reason})`),
    );
  });
});

describe('signingKeyOf()', () => {
  it('makes a key of a JWK, with the length of its signatures', () => {
    const key = signingKeyOf('k1', MEMBERS);
    expect(key).toMatchObject({ kid: 'k1', length: 256 });
    expect(key?.publicKey.equals(publicKey)).toBe(true);
  });

  it('makes a key of a PEM', () => {
    const key = signingKeyOf('k1', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    expect(key?.publicKey.equals(publicKey)).toBe(true);
  });

  it('counts a modulus that is no multiple of eight bits in whole bytes', () => {
    const odd = generateKeyPairSync('rsa', { modulusLength: 2052 }).publicKey;
    const pem = odd.export({ type: 'spki', format: 'pem' }).toString();
    expect(signingKeyOf('k1', pem)?.length).toBe(257);
  });

  it.each([1024, 2040])('refuses a key of %i bits', (modulusLength) => {
    const weak = generateKeyPairSync('rsa', { modulusLength }).publicKey;
    const jwk = weak.export({ format: 'jwk' });
    expect(signingKeyOf('k1', { ...MEMBERS, n: jwk.n ?? '' })).toBeUndefined();
    const pem = weak.export({ type: 'spki', format: 'pem' }).toString();
    expect(signingKeyOf('k1', pem)).toBeUndefined();
  });

  it.each([
    ['1', 'AQ'],
    ['2', 'Ag'],
    ['65536', 'AQAA'],
  ])('refuses the exponent %s', (_, exponent) => {
    expect(signingKeyOf('k1', { ...MEMBERS, e: exponent })).toBeUndefined();
  });

  it('takes the exponent 3', () => {
    expect(signingKeyOf('k1', { ...MEMBERS, e: 'Aw' })?.kid).toBe('k1');
  });

  it.each([
    ['an elliptic curve', generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey],
    ['RSA-PSS', generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey],
  ])('refuses a key of %s', (_, other) => {
    const pem = other.export({ type: 'spki', format: 'pem' }).toString();
    expect(signingKeyOf('k1', pem)).toBeUndefined();
  });

  it('refuses what is no key', () => {
    expect(signingKeyOf('k1', 'no key')).toBeUndefined();
    expect(signingKeyOf('k1', { ...MEMBERS, n: '' })).toBeUndefined();
  });
});
