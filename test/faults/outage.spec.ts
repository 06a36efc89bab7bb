import { describe, expect, it } from 'vitest';
import { document, hangUp } from './scripts.js';
import { ADMITTED, eventually, fetchesSince, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { createUserPool, HOUR, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const keySet = document(() => pool.jwks());
const seldom = { maxAge: HOUR, staleFor: HOUR };

describe.concurrent('An outage of the key endpoint while keys are cached', () => {
  it('goes unnoticed within maxAge', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, seldom));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('keeps the last good keys in service past maxAge', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { ...seldom, maxAge: 1 }));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    const before = keys.requests;
    // The second failure comes after the first retry.
    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(ADMITTED);
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
      expect(keys.requests).toBeGreaterThanOrEqual(before + 2);
    });
  });

  it('keeps them in service when nothing listens any more', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { ...seldom, maxAge: 1, cooldown: 0 }));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    await keys.goDown();
    expect(await api.get(withKid(token, 'invented'))).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });

  it('is answered with 503 past staleFor, and ends with the outage', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { maxAge: 10, staleFor: 50 }));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    await eventually(async () => expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE));
    expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);

    keys.script = keySet;
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
  });

  it('is answered with 503 to a token of an unknown key only', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { ...seldom, cooldown: 0 }));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    const begin = performance.now();
    expect(await api.get(withKid(token, 'invented'))).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(withKid(token, 'another'))).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(keys.requests).toBeLessThanOrEqual(1 + fetchesSince(begin));
  });

  it('leaves nothing behind for unknown keys once it is over', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const ownPool = await createUserPool();
    const keys = await stage.keys(document(() => ownPool.jwks()));
    const api = await stage.api(trusting(ownPool, keys, { ...seldom, cooldown: 0 }));
    expect(await api.get(ownPool.accessToken('alice'))).toMatchObject(ADMITTED);

    keys.script = hangUp;
    await ownPool.rotateKeys();
    const token = ownPool.accessToken('alice');
    expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE);

    keys.script = document(() => ownPool.jwks());
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
    expect(await api.get(withKid(token, 'invented'))).toMatchObject(refusal('unknown_key'));
  });

  it('ends with a refresh, so that a key that was removed meanwhile stops working', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const ownPool = await createUserPool();
    const keys = await stage.keys(document(() => ownPool.jwks()));
    const options = trusting(ownPool, keys, { ...seldom, maxAge: 1, cooldown: 0 });
    const api = await stage.api(options);
    const token = ownPool.accessToken('alice');
    expect(await api.get(token)).toMatchObject(ADMITTED);

    const working = keys.script;
    keys.script = hangUp;
    await ownPool.rotateKeys({ keep: false });
    expect(await api.get(ownPool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);
    expect(await api.get(token)).toMatchObject(ADMITTED);

    keys.script = working;
    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(refusal('unknown_key'));
    });
    expect(await api.get(ownPool.accessToken('alice'))).toMatchObject(ADMITTED);
  });
});
