import { describe, expect, it } from 'vitest';
import { expired, isExpired } from './expiry.js';

describe('isExpired()', () => {
  it.each([
    [99, 0, false],
    [100, 0, true],
    [101, 0, true],
    [104, 5, false],
    [105, 5, true],
  ])('for exp 100 at %i s with a tolerance of %i s is %s', (now, clockTolerance, expected) => {
    expect(isExpired(100, now, clockTolerance)).toBe(expected);
  });

  it('is exact for an exp with a fraction', () => {
    expect(isExpired(100.5, 100, 0)).toBe(false);
    expect(isExpired(100.5, 101, 0)).toBe(true);
  });
});

describe('expired()', () => {
  it.each([
    [100, 112, 'The token expired 12 s ago'],
    [100.5, 102, 'The token expired 1 s ago'],
    [100, 100, 'The token expired 0 s ago'],
    // A second clock may run behind the one that refused.
    [100, 99, 'The token expired 0 s ago'],
  ])('for exp %d at %d s says %j', (exp, now, message) => {
    expect(expired(exp, now)).toMatchObject({ code: 'token_expired', message });
  });
});
