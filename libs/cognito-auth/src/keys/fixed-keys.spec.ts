import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { FixedKeys } from './fixed-keys.js';
import type { SigningKey } from './signing-key.js';

function jwkOf(kid: string, modulusLength = 2048) {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { ...publicKey.export({ format: 'jwk' }), kid };
}

describe('FixedKeys', () => {
  it('finds the keys of its set by their ids', () => {
    const keys = new FixedKeys({ keys: [jwkOf('k1'), jwkOf('k2')] });
    expect(keys.size).toBe(2);
    expect(keys.find('k2')).toMatchObject({ kid: 'k2' });
  });

  it.each(['k3', '', 'K1', '__proto__', 'constructor'])('refuses the unknown key %j', (kid) => {
    const keys = new FixedKeys({ keys: [jwkOf('k1')] });
    expect(keys.find(kid)).toBeInstanceOf(CognitoAuthError);
    expect(keys.find(kid)).toMatchObject({
      code: 'unknown_key',
      message: expect.stringMatching(/^The token is signed with a key that is not among/),
    });
  });

  it('refuses every key when it has none', () => {
    expect(new FixedKeys({ keys: [] }).find('k1')).toMatchObject({ code: 'unknown_key' });
  });

  it('takes the first of two keys with one id', () => {
    const [first, second] = [jwkOf('k1'), jwkOf('k1')];
    const keys = new FixedKeys({ keys: [first, second] });
    expect(keys.size).toBe(1);
    const { publicKey } = keys.find('k1') as SigningKey;
    expect(publicKey.export({ format: 'jwk' }).n).toBe(first.n);
  });

  it('lets no bad key spoil the good ones', () => {
    const keys = new FixedKeys({ keys: [null, jwkOf('weak', 1024), jwkOf('k1')] });
    expect(keys.size).toBe(1);
    expect(keys.find('k1')).toMatchObject({ kid: 'k1', length: 256 });
  });

  it('stays as it is, with nothing to load', async () => {
    const keys = new FixedKeys({ keys: [jwkOf('k1')] });
    await keys.load();
    expect(keys.isCurrent()).toBe(true);
  });
});
