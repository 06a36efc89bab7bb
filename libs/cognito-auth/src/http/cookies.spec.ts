import { describe, expect, it, vi } from 'vitest';
import { cookieReader } from './cookies.js';

const read = cookieReader('token');

describe('One cookie of a header', () => {
  it.each([
    ['', []],
    ['token', []],
    ['theme=dark', []],
    ['token=', ['']],
    ['token=a', ['a']],
    ['a=1;token=b;c=2', ['b']],
    ['a=1; \t token \t= b ;c=2', ['b']],
    ['xtoken=a; token2=b; a=token=c', []],
    ['; ;token; =; token=a=b;;', ['a=b']],
    ['token=%41%2E', ['A.']],
    ['token=%E0%A4%A', ['%E0%A4%A']],
    ['token="a"', ['"a"']],
    ['token=a; Token=b', ['a']],
    ['token=a; token=b', ['a', 'b']],
    ['token=; token=a', ['', 'a']],
    ['token=a;token=b;token=c', ['a', 'b']],
  ])('%j is %j', (header, values) => {
    expect(read(header)).toEqual(values);
  });

  it.each(['a.b', 'a+b', '__Host-a', '$x', '__proto__', 'a|b', '(a)', 'a[0]'])(
    'may be called %s',
    (name) => {
      const header = `aXb=1; a=2; b=3; ${name}=4; x=5`;
      expect(cookieReader(name)(header)).toEqual(['4']);
    },
  );

  it('is the only one that is decoded', () => {
    const decode = vi.spyOn(globalThis, 'decodeURIComponent');
    const others = Array.from({ length: 1_000 }, (_, index) => `c${index}=%E0%A4%A`).join(';');
    expect(read(`${others}; token=%41; ${others}`)).toEqual(['A']);
    expect(decode).toHaveBeenCalledExactlyOnceWith('%41');
    decode.mockRestore();
  });
});
