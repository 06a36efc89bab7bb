import { describe, expect, it } from 'vitest';
import { returnPathOf, siteOf } from './return-to.js';

const site = siteOf('https://app.example.com/auth/callback');

describe('returnTo', () => {
  it.each([
    ['/', '/'],
    ['/orders?page=2#top', '/orders?page=2#top'],
    ['/a/../b', '/b'],
    ['/straße', '/stra%C3%9Fe'],
    ['/auth/session', '/auth/session'],
    ['/authors/login', '/authors/login'],
    ['/100%', '/100%'],
    ['/go?to=https://evil.example', '/go?to=https://evil.example'],
  ])('may be %j', (value, path) => {
    expect(returnPathOf(value, site)).toBe(path);
  });

  it.each([
    [undefined],
    [['/orders', '/orders']],
    [''],
    ['orders'],
    ['https://evil.example/'],
    ['https://app.example.com/orders'],
    ['//evil.example'],
    ['/\\evil.example'],
    ['\\/evil.example'],
    ['/\t/evil.example'],
    ['/\n//evil.example'],
    [' /orders'],
    ['/.//evil.example'],
    ['/a/..//evil.example'],
    ['javascript:alert(1)'],
    [`/${'a'.repeat(1_024)}`],
    [`/${'é'.repeat(500)}`],
  ])('may not be %j', (value) => {
    expect(() => returnPathOf(value, site)).toThrow('returnTo must be a path of this site');
  });

  it.each([
    '/auth/login',
    '/AUTH/Login/',
    '/auth/./callback?code=1',
    '/auth/logout#x',
    '/auth/%6Cogin',
  ])('may not be %j, which never ends', (value) => {
    expect(() => returnPathOf(value, site)).toThrow('returnTo must be a path of this site');
  });
});
