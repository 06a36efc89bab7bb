import { generateKeyPairSync } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RefreshingKeys } from './refreshing-keys.js';
import type { SigningKey } from './signing-key.js';

const POLICY = { maxAge: 600_000, staleFor: 86_400_000, cooldown: 10_000, timeout: 3_000 };
const HOUR = 3_600_000;
const UNKNOWN = { code: 'unknown_key' };

function keyOf(kid: string): SigningKey {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { kid, publicKey, length: 256 };
}

function unavailable(retryAfter: number) {
  return { code: 'keys_unavailable', retryAfter };
}

const K1 = keyOf('k1');
const K2 = keyOf('k2');

/** An issuer whose answers the test gives one by one. */
class Issuer {
  fetches = 0;
  private answers: ((result: SigningKey[] | Error) => void)[] = [];

  /** The time that was given to the last fetch. */
  timeout = 0;

  readonly fetchKeys = (timeout: number, signal: AbortSignal) =>
    new Promise<SigningKey[]>((resolve, reject) => {
      this.fetches += 1;
      this.timeout = timeout;
      signal.addEventListener('abort', () => reject(signal.reason));
      this.answers.push((result) => (Array.isArray(result) ? resolve(result) : reject(result)));
    });

  /** Ends the fetch that is under way. */
  async answer(result: SigningKey[] | Error): Promise<void> {
    const answer = this.answers.shift();
    if (!answer) throw new Error('no fetch is under way');
    answer(result);
    // Lets everybody who waits for the answer go on.
    await vi.advanceTimersByTimeAsync(0);
  }
}

let issuer: Issuer;
const warn = vi.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
const log = vi.spyOn(Logger.prototype, 'log').mockReturnValue(undefined);

function create(policy: Partial<typeof POLICY> = {}): RefreshingKeys {
  return new RefreshingKeys('https://a.example/keys', issuer.fetchKeys, { ...POLICY, ...policy });
}

/** Keys that are at hand, fetched now. */
async function loaded(policy: Partial<typeof POLICY> = {}, found = [K1]): Promise<RefreshingKeys> {
  const keys = create(policy);
  const load = keys.load();
  await issuer.answer(found);
  await load;
  return keys;
}

/** How a call ends; listened to at once, so that no rejection goes unheard. */
async function outcomeOf(call: unknown): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    return error;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  issuer = new Issuer();
});

afterEach(() => {
  vi.useRealTimers();
  vi.clearAllMocks();
});

describe('RefreshingKeys before the first fetch', () => {
  it('fetches nothing until a key is needed', () => {
    create();
    expect(issuer.fetches).toBe(0);
  });

  it('has everybody wait for one fetch, whatever key they need', async () => {
    const keys = create();
    const found = [keys.find('k1'), keys.find('k2'), keys.find('k1')].map(outcomeOf);
    const load = keys.load();
    await issuer.answer([K1, K2]);
    await load;
    expect(await Promise.all(found)).toEqual([K1, K2, K1]);
    expect(issuer.fetches).toBe(1);
  });

  it('answers keys_unavailable when the fetch fails, and keeps the reason to itself', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    const cause = new Error('connect ECONNREFUSED');
    await issuer.answer(cause);
    const error = await found;
    expect(error).toMatchObject({ ...unavailable(1), cause });
    expect((error as Error).message).not.toContain('ECONNREFUSED');
  });

  it('does not take part in the failure of an earlier fetch', async () => {
    const keys = create();
    const first = outcomeOf(keys.find('k1'));
    await issuer.answer(new Error('down'));
    await vi.advanceTimersByTimeAsync(1_000);
    const second = outcomeOf(keys.find('k1'));
    await issuer.answer([K1]);
    expect(await first).toMatchObject({ code: 'keys_unavailable' });
    expect(await second).toBe(K1);
  });

  it('waits longer after each failure, up to 30 s, and asks nobody meanwhile', async () => {
    const keys = create();
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const failed = outcomeOf(keys.find('k1'));
      // oxlint-disable-next-line no-await-in-loop -- one failure after the other
      await issuer.answer(new Error('down'));
      // oxlint-disable-next-line no-await-in-loop
      expect(await failed).toMatchObject(unavailable(seconds));
      const { fetches } = issuer;
      vi.advanceTimersByTime(seconds * 1_000 - 1);
      // oxlint-disable-next-line no-await-in-loop
      expect(await outcomeOf(keys.find('k1'))).toMatchObject(unavailable(1));
      expect(issuer.fetches).toBe(fetches);
      vi.advanceTimersByTime(1);
    }
  });

  it('load() rejects with keys_unavailable', async () => {
    const keys = create();
    const load = outcomeOf(keys.load());
    await issuer.answer(new Error('down'));
    expect(await load).toMatchObject(unavailable(1));
  });
});

describe('RefreshingKeys with keys at hand', () => {
  it('gives a key at once', async () => {
    const keys = await loaded();
    expect(keys.find('k1')).toBe(K1);
    expect(keys.isCurrent(K1)).toBe(true);
    await keys.load();
    expect(issuer.fetches).toBe(1);
  });

  it('fetches nothing before maxAge', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge - 1);
    expect(keys.find('k1')).toBe(K1);
    expect(issuer.fetches).toBe(1);
  });

  it.each(['find', 'isCurrent'] as const)(
    'refreshes from maxAge on behind %s(), once for all',
    async (method) => {
      const keys = await loaded();
      vi.advanceTimersByTime(POLICY.maxAge);
      const use = () => (method === 'find' ? keys.find('k1') : keys.isCurrent(K1));
      expect([use(), use()]).toEqual(method === 'find' ? [K1, K1] : [true, true]);
      expect(issuer.fetches).toBe(2);
    },
  );

  it('drops a key that the refresh does not bring back', async () => {
    const keys = await loaded({}, [K1, K2]);
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer([K2]);
    expect(keys.isCurrent(K1)).toBe(false);
    expect(keys.isCurrent(K2)).toBe(true);
    const search = outcomeOf(keys.find('k1'));
    await issuer.answer([K2]);
    expect(await search).toMatchObject(UNKNOWN);
  });

  it('takes the same key under another object for the same', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer([{ ...K1 }]);
    expect(keys.isCurrent(K1)).toBe(true);
    expect(keys.find('k1')).toBe(K1);
  });

  it('takes another key under the same id for another', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    const other = { ...K2, kid: 'k1' };
    await issuer.answer([other]);
    expect(keys.isCurrent(K1)).toBe(false);
    expect(keys.find('k1')).toBe(other);
  });

  it('takes the first of two keys with one id', async () => {
    const keys = await loaded({}, [K1, { ...K2, kid: 'k1' }]);
    expect(keys.find('k1')).toBe(K1);
  });

  it('serves on while the refresh fails, and tries again no sooner than the pause is over', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer(new Error('down'));
    vi.advanceTimersByTime(999);
    expect(keys.find('k1')).toBe(K1);
    expect(issuer.fetches).toBe(2);
    vi.advanceTimersByTime(1);
    expect(keys.find('k1')).toBe(K1);
    expect(issuer.fetches).toBe(3);
  });

  it('serves for staleFor and no longer', async () => {
    const keys = await loaded({ staleFor: HOUR });
    vi.advanceTimersByTime(HOUR - 1);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer(new Error('down'));
    vi.advanceTimersByTime(1);
    expect(keys.isCurrent(K1)).toBe(false);
    expect(await outcomeOf(keys.find('k1'))).toMatchObject({ code: 'keys_unavailable' });
  });

  it('with staleFor 0 serves a fresh key without a new fetch', async () => {
    const keys = await loaded({ staleFor: 0 });
    vi.advanceTimersByTime(POLICY.maxAge - 1);
    expect(keys.find('k1')).toBe(K1);
    expect(keys.isCurrent(K1)).toBe(true);
    await keys.load();
    expect(issuer.fetches).toBe(1);
  });

  it('counts the time for which the machine was suspended', async () => {
    const keys = await loaded();
    // The monotonic clock stood still.
    vi.setSystemTime(Date.now() + POLICY.staleFor);
    expect(keys.isCurrent(K1)).toBe(false);
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer([K2]);
    expect(await found).toMatchObject(UNKNOWN);
  });

  it('takes keys to be as old as their fetch, however late its answer is read', async () => {
    const keys = create();
    const load = keys.load();
    vi.setSystemTime(Date.now() + POLICY.maxAge);
    await issuer.answer([K1]);
    await load;
    expect(keys.find('k1')).toBe(K1);
    expect(issuer.fetches).toBe(2);
  });

  it('does not take a clock that is set back for younger keys', async () => {
    const keys = await loaded({ staleFor: 0 });
    vi.setSystemTime(Date.now() - 2 * POLICY.maxAge);
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.isCurrent(K1)).toBe(false);
  });

  it('with staleFor 0 has tokens wait for the refresh from maxAge on', async () => {
    const keys = await loaded({ staleFor: 0 });
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.isCurrent(K1)).toBe(false);
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer([K1]);
    expect(await found).toBe(K1);
  });

  it('starts over with short pauses after a success', async () => {
    const keys = await loaded({ maxAge: 1_000, staleFor: 0 });
    for (const answer of [new Error('down'), new Error('down'), [K1], new Error('down')]) {
      vi.advanceTimersByTime(30_000);
      const found = outcomeOf(keys.find('k1'));
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      await issuer.answer(answer);
      // oxlint-disable-next-line no-await-in-loop
      await found;
    }
    expect(await outcomeOf(keys.find('k1'))).toMatchObject(unavailable(1));
  });
});

describe('RefreshingKeys whose fetch has no connection', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const wrapped = new TypeError('fetch failed', { cause: reset });

  it.each([reset, wrapped])('tries once more within the deadline: %s', async (error) => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.advanceTimersByTime(500);
    await issuer.answer(error);
    await vi.advanceTimersByTimeAsync(999);
    expect(issuer.fetches).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(issuer).toMatchObject({ fetches: 2, timeout: 1_500 });
    await issuer.answer([K1]);
    expect(await found).toBe(K1);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('; one more attempt in 1 s, else tokens are answered with 503'),
    );
    expect(log).toHaveBeenCalledOnce();
  });

  it('does not try a third time, and waits as long as after two failures', async () => {
    const keys = create({ timeout: 1_000 });
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer(wrapped);
    await vi.advanceTimersByTimeAsync(500);
    await issuer.answer(wrapped);
    expect(await found).toMatchObject(unavailable(2));
    await vi.advanceTimersByTimeAsync(2_499);
    expect(await outcomeOf(keys.find('k1'))).toMatchObject(unavailable(1));
    expect(issuer.fetches).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    const last = outcomeOf(keys.find('k1'));
    await issuer.answer([K1]);
    expect(await last).toBe(K1);
  });

  it('does not try again when the deadline is near', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.advanceTimersByTime(2_000);
    await issuer.answer(wrapped);
    expect(await found).toMatchObject(unavailable(1));
  });
});

describe('RefreshingKeys in a process that was frozen', () => {
  it('fetches again, once, for those who wait, and takes the late failure for none', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.advanceTimersByTime(HOUR);
    await issuer.answer(new Error('no answer within 3000 ms'));
    expect(issuer).toMatchObject({ fetches: 2, timeout: POLICY.timeout });
    expect(warn).not.toHaveBeenCalled();
    vi.advanceTimersByTime(HOUR);
    await issuer.answer(new Error('down'));
    expect(await found).toMatchObject(unavailable(1));
    expect(issuer.fetches).toBe(2);
  });

  it('does so when only the wall clock went on', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.setSystemTime(Date.now() + HOUR);
    await issuer.answer(new Error('read ECONNRESET'));
    await issuer.answer([K1]);
    expect(await found).toBe(K1);
  });

  const silence = () => Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });

  it.each<[string, () => Error]>([
    ['silence', silence],
    ['a reset', () => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['a fetcher that gives up', () => new DOMException('too late', 'TimeoutError')],
  ])('fetches again as often as it is frozen, up to five times: %s', async (_, error) => {
    const freeze = async (freezes: number) => {
      issuer = new Issuer();
      const keys = create();
      const outcome = outcomeOf(keys.find('k1'));
      for (let count = 0; count < freezes; count += 1) {
        vi.setSystemTime(Date.now() + HOUR);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await issuer.answer(error());
      }
      return { outcome };
    };
    for (const freezes of [2, 5]) {
      // oxlint-disable-next-line no-await-in-loop
      const { outcome } = await freeze(freezes);
      expect(warn).not.toHaveBeenCalled();
      // oxlint-disable-next-line no-await-in-loop
      await issuer.answer([K1]);
      // oxlint-disable-next-line no-await-in-loop
      expect(await outcome).toBe(K1);
    }
    const { outcome } = await freeze(6);
    expect(await outcome).toMatchObject({ code: 'keys_unavailable' });
    expect(issuer.fetches).toBe(6);
  });

  it('tries a broken connection once more after a thaw, and again when frozen meanwhile', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.setSystemTime(Date.now() + HOUR);
    await issuer.answer(silence());
    await issuer.answer(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(issuer.fetches).toBe(3);
    vi.setSystemTime(Date.now() + HOUR);
    await issuer.answer(silence());
    await issuer.answer([K1]);
    expect(await found).toBe(K1);
  });

  it('takes a fetch that ends at its deadline for a failure', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    vi.advanceTimersByTime(POLICY.timeout);
    await issuer.answer(new Error('no answer within 3000 ms'));
    expect(await found).toMatchObject(unavailable(1));
    expect(issuer.fetches).toBe(1);
  });

  it('does not wait for the end of a pause that began before', async () => {
    const keys = create();
    const failed = outcomeOf(keys.find('k1'));
    await issuer.answer(new Error('down'));
    await failed;
    vi.setSystemTime(Date.now() + HOUR);
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer([K1]);
    expect(await found).toBe(K1);
  });
});

describe('RefreshingKeys that are closed', () => {
  it('end the fetch under way, and log nothing', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    keys.close();
    expect(await found).toMatchObject({ code: 'keys_unavailable' });
    expect(await outcomeOf(keys.find('k1'))).toMatchObject({ code: 'keys_unavailable' });
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(issuer.fetches).toBe(1);
    expect(warn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('end the pause before a second attempt', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    warn.mockClear();
    keys.close();
    expect(await found).toMatchObject({ code: 'keys_unavailable' });
    expect(issuer.fetches).toBe(1);
    expect(warn).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('give the keys at hand, and fetch for no other and no refresh', async () => {
    const keys = await loaded();
    keys.close();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    expect(keys.isCurrent(K1)).toBe(true);
    expect(await outcomeOf(keys.find('k2'))).toMatchObject({ code: 'keys_unavailable' });
    expect(issuer.fetches).toBe(1);
  });
});

describe('RefreshingKeys asked for an unknown key', () => {
  it('takes the word of the first fetch, though it began before the token came', async () => {
    const keys = create();
    const load = keys.load();
    const found = outcomeOf(keys.find('k2'));
    await issuer.answer([K1]);
    await load;
    expect(await found).toMatchObject(UNKNOWN);
    expect(issuer.fetches).toBe(1);
  });

  it('fetches once and finds a key that was added', async () => {
    const keys = await loaded();
    const found = outcomeOf(keys.find('k2'));
    await issuer.answer([K1, K2]);
    expect(await found).toBe(K2);
    expect(issuer.fetches).toBe(2);
  });

  it('shares that fetch among all who ask, and gives known keys at once meanwhile', async () => {
    const keys = await loaded();
    const found = ['k2', 'k3', 'k4'].map((kid) => outcomeOf(keys.find(kid)));
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer([K1, K2]);
    expect(await Promise.all(found)).toEqual([
      K2,
      expect.objectContaining(UNKNOWN),
      expect.objectContaining(UNKNOWN),
    ]);
    expect(issuer.fetches).toBe(2);
  });

  it('refuses at once during the cooldown, and fetches again after it', async () => {
    const keys = await loaded();
    const first = outcomeOf(keys.find('k2'));
    await issuer.answer([K1]);
    expect(await first).toMatchObject(UNKNOWN);
    vi.advanceTimersByTime(POLICY.cooldown - 1);
    expect(keys.find('k3')).toMatchObject(UNKNOWN);
    expect(issuer.fetches).toBe(2);
    vi.advanceTimersByTime(1);
    const second = outcomeOf(keys.find('k2'));
    await issuer.answer([K1, K2]);
    expect(await second).toBe(K2);
  });

  it('does not take the word of a fetch that began before the token came', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    const found = outcomeOf(keys.find('k2'));
    await issuer.answer([K1]);
    await issuer.answer([K1, K2]);
    expect(await found).toBe(K2);
  });

  it('answers keys_unavailable, not unknown_key, while the set cannot be refreshed', async () => {
    const keys = await loaded();
    const found = outcomeOf(keys.find('k2'));
    await issuer.answer(new Error('down'));
    expect(await found).toMatchObject(unavailable(1));
    expect(keys.find('k3')).toMatchObject({ code: 'keys_unavailable' });
    expect(keys.find('k1')).toBe(K1);
    expect(issuer.fetches).toBe(2);
  });

  it('has a first fetch, found empty of the key, count as its search', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k2'));
    await issuer.answer([K1]);
    expect(await found).toMatchObject(UNKNOWN);
    expect(issuer.fetches).toBe(1);
  });
});

describe('What RefreshingKeys logs', () => {
  it('says what failed, what that means and when it tries again', async () => {
    const keys = create();
    const found = outcomeOf(keys.find('k1'));
    await issuer.answer(new Error('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') }));
    await found;
    expect(warn).toHaveBeenCalledWith(
      'Cannot fetch the signing keys from https://a.example/keys: fetch failed (getaddrinfo ENOTFOUND); tokens are answered with 503, next attempt in 1 s at the earliest',
    );
  });

  it('says how old the keys are that serve on, and when they are back', async () => {
    const keys = await loaded();
    vi.advanceTimersByTime(POLICY.maxAge);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer('no Error' as unknown as Error);
    expect(warn).toHaveBeenCalledWith(
      'Cannot fetch the signing keys from https://a.example/keys: unknown reason; the keys of 600 s ago serve on, next attempt in 1 s at the earliest',
    );
    expect(log).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(keys.find('k1')).toBe(K1);
    await issuer.answer([K1]);
    expect(log).toHaveBeenCalledWith('Fetched the signing keys from https://a.example/keys again');
  });
});
