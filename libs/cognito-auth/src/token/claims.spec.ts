import { describe, expect, it } from 'vitest';
import { memberOf } from './claims.js';

describe('memberOf()', () => {
  it('gives a member of the object itself', () => {
    expect(memberOf({ sub: 'a1b2' }, 'sub')).toBe('a1b2');
    expect(memberOf(JSON.parse('{"__proto__":"p"}') as Record<string, unknown>, '__proto__')).toBe(
      'p',
    );
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'missing'])(
    'gives nothing for %s, which the object does not have itself',
    (name) => {
      expect(memberOf({}, name)).toBeUndefined();
    },
  );
});
