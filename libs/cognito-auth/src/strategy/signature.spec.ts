import { constants, generateKeyPairSync, sign } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkSignature } from './signature.js';

// RFC 7515 §A.2
const RFC_KEY: JsonWebKey = {
  kty: 'RSA',
  n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
  e: 'AQAB',
};
const RFC_JWS =
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY = publicKey.export({ format: 'jwk' });

function part(value: string | Buffer): string {
  return Buffer.from(value).toString('base64url');
}

function jwsOf(header: object, payload: string, key: KeyObject = privateKey, padding?: number) {
  const input = `${part(JSON.stringify(header))}.${part(payload)}`;
  const signature = sign('RSA-SHA256', Buffer.from(input), { key, padding });
  return `${input}.${part(signature)}`;
}

describe('checkSignature()', () => {
  it('accepts the example of RFC 7515 §A.2, although it expired long ago', () => {
    expect(() => checkSignature(RFC_JWS, RFC_KEY)).not.toThrow();
  });

  it('refuses that example with one character of its payload changed', () => {
    const altered = RFC_JWS.replace('.eyJpc3Mi', '.eyJpc3Nj');
    expect(() => checkSignature(altered, RFC_KEY)).toThrow(
      expect.objectContaining({ code: 'invalid_signature' }),
    );
  });

  it('refuses that example under another key', () => {
    expect(() => checkSignature(RFC_JWS, KEY)).toThrow(
      expect.objectContaining({ code: 'invalid_signature' }),
    );
  });

  it('accepts a payload that is no JSON', () => {
    expect(() => checkSignature(jwsOf({ alg: 'RS256' }, 'no JSON'), KEY)).not.toThrow();
  });

  it('refuses a signature with PSS padding', () => {
    const jws = jwsOf({ alg: 'RS256' }, '{}', privateKey, constants.RSA_PKCS1_PSS_PADDING);
    expect(() => checkSignature(jws, KEY)).toThrow(
      expect.objectContaining({ code: 'invalid_signature' }),
    );
  });

  it('refuses a signature that is shorter than the modulus', () => {
    const jws = jwsOf({ alg: 'RS256' }, '{}');
    const [header, payload, signature = ''] = jws.split('.');
    const short = part(Buffer.from(signature, 'base64url').subarray(1));
    expect(() => checkSignature(`${header}.${payload}.${short}`, KEY)).toThrow(
      expect.objectContaining({ code: 'invalid_signature' }),
    );
  });

  it.each(['none', 'HS256', 'RS384', 'PS256', 'rs256'])('refuses the algorithm %s', (alg) => {
    expect(() => checkSignature(jwsOf({ alg }, '{}'), KEY)).toThrow(
      expect.objectContaining({ code: 'malformed_token' }),
    );
  });

  it.each([
    ['for encryption', { ...KEY, use: 'enc' }],
    ['for another algorithm', { ...KEY, alg: 'RS512' }],
    ['with its private half', privateKey.export({ format: 'jwk' })],
    [
      'of 1024 bits',
      generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' }),
    ],
  ])('refuses a key %s', (_what, key) => {
    expect(() => checkSignature(jwsOf({ alg: 'RS256' }, '{}'), key)).toThrow(
      expect.objectContaining({ code: 'unknown_key' }),
    );
  });
});
