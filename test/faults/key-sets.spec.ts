import { describe, expect, it } from 'vitest';
import * as keyMaterial from './key-material.js';
import { document } from './scripts.js';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { createUserPool, trusting, withKid } from './user-pool.js';

const { ecKey, exponentOneKey, octKey, privateRsaKey, rsaKey } = keyMaterial;
const pool = await createUserPool();
const [, payload = ''] = pool.accessToken('alice').split('.');
const [good] = pool.jwks().keys;

const BAD_KEYS = {
  'of 1024 bits': rsaKey(payload, {}, 1024),
  'of 2047 bits': rsaKey(payload, {}, 2047),
  'with the exponent 1': exponentOneKey(payload),
  'with its private half': privateRsaKey(payload),
  'for encryption': rsaKey(payload, { use: 'enc' }),
  'for RS512': rsaKey(payload, { alg: 'RS512' }),
  'for PS256': rsaKey(payload, { alg: 'PS256' }),
  'for signing only': rsaKey(payload, { key_ops: ['sign'] }),
  'that is a key of an elliptic curve': ecKey(payload),
  'that is symmetric': octKey(payload),
};

const MALFORMED_KEYS = [
  null,
  undefined,
  1,
  'RSA',
  [],
  [good],
  {},
  { kty: 'RSA' },
  { ...good, kid: undefined },
  { ...good, kid: '' },
  { ...good, kid: 7 },
  { ...good, kid: ['kid'] },
  { ...good, kid: '__proto__', n: undefined },
  { ...good, kid: 'no-n', n: null },
  { ...good, kid: 'short-n', n: 'AQAB' },
  { ...good, kid: 'no-base64', n: '§' },
  { ...good, kid: 'no-e', e: '' },
  { ...good, kid: 'even-e', e: 'Ag' },
  { ...good, kid: 'huge-e', e: good?.n },
  { ...good, kid: 'no-rsa', kty: 'rsa' },
];

describe.concurrent('A key set with a key', () => {
  describe.for(Object.entries(BAD_KEYS))('%s', ([, { jwk, token }]) => {
    it('admits the tokens of the others, and none of that key', async ({ onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const keys = await stage.keys(document(() => ({ keys: [jwk, ...pool.jwks().keys] })));
      const api = await stage.api(trusting(pool, keys));

      expect(await api.get(token)).toMatchObject(refusal('unknown_key'));
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    });

    it('is none at all when that key is its only one', async ({ onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const keys = await stage.keys(document(() => ({ keys: [jwk] })));
      const api = await stage.api(trusting(pool, keys));

      expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE);
    });
  });

  it('that is fit for RS256 admits its tokens', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { jwk, token } = rsaKey(payload);
    const keys = await stage.keys(document(() => ({ keys: [jwk] })));
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(token)).toMatchObject(ADMITTED);
  });

  it('for HS256 admits nobody who knows it', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const { jwk, token } = octKey(payload);
    const keys = await stage.keys(document(() => ({ keys: [jwk, ...pool.jwks().keys] })));
    const api = await stage.api(trusting(pool, keys));
    const header = Buffer.from('{"kid":"oct","alg":"HS256"}').toString('base64url');

    expect(await api.get(token.replace(/^[^.]*/, header))).toMatchObject(
      refusal('malformed_token'),
    );
  });
});

describe.concurrent('A key set', () => {
  it('is not spoiled by malformed keys', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(
      document(() => ({ keys: [...MALFORMED_KEYS, ...pool.jwks().keys, ...MALFORMED_KEYS] })),
    );
    const api = await stage.api(trusting(pool, keys));
    const token = pool.accessToken('alice');

    expect(await api.get(token)).toMatchObject(ADMITTED);
    for (const kid of ['__proto__', 'constructor', 'short-n', 'even-e', 'huge-e', 'RSA']) {
      expect(await api.get(withKid(token, kid))).toMatchObject(refusal('unknown_key'));
    }
    expect(keys.requests).toBe(2);
  });

  it('counts the first usable key of those with one kid', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const kid = good?.kid ?? '';
    const weak = rsaKey(payload, { kid }, 1024);
    const later = rsaKey(payload, { kid });
    const keys = await stage.keys(
      document(() => ({ keys: [weak.jwk, ...pool.jwks().keys, later.jwk] })),
    );
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(await api.get(weak.token)).toMatchObject(refusal('invalid_signature'));
    expect(await api.get(later.token)).toMatchObject(refusal('invalid_signature'));
  });

  it('lets its unknown members be', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(
      document(() => ({
        issuer: 'https://example.com',
        keys: pool
          .jwks()
          .keys.map((key) => Object.assign(key, { x5c: ['AQAB'], x5u: 'https://x', ext: 1 })),
      })),
    );
    const api = await stage.api(trusting(pool, keys));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });

  it('of a thousand keys is read', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const [first, ...others] = pool.jwks().keys;
    const copies = Array.from({ length: 1000 }, (_, index) => ({ ...first, kid: `copy ${index}` }));
    const keys = await stage.keys(document(() => ({ keys: [...copies, first, ...others] })));
    const api = await stage.api(trusting(pool, keys));

    const token = pool.accessToken('alice');
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
    expect(await api.get(withKid(token, 'copy 999'))).toMatchObject(refusal('invalid_signature'));
  });
});
