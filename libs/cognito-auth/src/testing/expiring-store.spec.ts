import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExpiringStore } from './expiring-store.js';

describe('ExpiringStore', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('keeps a value until its time is over', () => {
    const store = new ExpiringStore<string>(60);
    const key = store.add('a');
    vi.setSystemTime(Date.now() + 59_999);
    expect(store.get(key)).toBe('a');
    vi.setSystemTime(Date.now() + 1);
    expect(store.get(key)).toBeUndefined();
    expect(store.take(key)).toBeUndefined();
  });

  it('gives every value a long key of its own', () => {
    const store = new ExpiringStore<string>(60);
    const keys = Array.from({ length: 100 }, () => store.add('a'));
    expect(new Set(keys).size).toBe(100);
    expect(keys.every((key) => /^[\w-]{43}$/.test(key))).toBe(true);
  });

  it('gives a value away only once', () => {
    const store = new ExpiringStore<string>(60);
    const key = store.add('a');
    expect([store.take(key), store.take(key), store.get(key)]).toEqual(['a', undefined, undefined]);
  });

  it('forgets the oldest values when there are too many', () => {
    const store = new ExpiringStore<number>(60, 3);
    const keys = [1, 2, 3, 4, 5].map((value) => store.add(value));
    expect(keys.map((key) => store.get(key))).toEqual([undefined, undefined, 3, 4, 5]);
  });

  it('moves a value to another key without prolonging its time', () => {
    const store = new ExpiringStore<string>(60);
    const key = store.add('a');
    vi.setSystemTime(Date.now() + 40_000);
    store.move(key, 'next');
    expect([store.get(key), store.get('next')]).toEqual([undefined, 'a']);
    vi.setSystemTime(Date.now() + 20_000);
    expect(store.get('next')).toBeUndefined();
  });

  it('moves nothing from a key that it does not have', () => {
    const store = new ExpiringStore<string>(60);
    store.move('nowhere', 'next');
    expect(store.get('next')).toBeUndefined();
  });
});
