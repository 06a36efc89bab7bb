import { describe, expect, it } from 'vitest';
import type { KeyOptions } from 'nestjs-cognito-auth';
import type { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { document } from './scripts.js';
import { ADMITTED, eventually, refusal, Stage } from './stage.js';
import { createUserPool, HOUR, trusting } from './user-pool.js';

/** An application that has cached the keys of a user pool, and remembers one token of it. */
async function cached(stage: Stage, pool: LocalUserPool, options: KeyOptions) {
  const keys = await stage.keys(document(() => pool.jwks()));
  const api = await stage.api(trusting(pool, keys, options));
  const token = pool.accessToken('alice');
  // Remembered when it comes back.
  expect(await api.get(token)).toMatchObject(ADMITTED);
  expect(await api.get(token)).toMatchObject(ADMITTED);
  return { keys, api, token };
}

const seldom = { maxAge: HOUR, cooldown: HOUR };
const often = { maxAge: 1 };

describe.concurrent('A new signing key', () => {
  it('is found by the first token that it signed, at the cost of one fetch', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { keys, api, token } = await cached(stage, pool, seldom);

    await pool.rotateKeys();
    const tokens = Array.from({ length: 20 }, () => pool.accessToken('alice'));
    for (const answer of await Promise.all(tokens.map((each) => api.get(each)))) {
      expect(answer).toMatchObject(ADMITTED);
    }
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(2);
  });

  it('is found without asking once the set is refreshed', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { keys, api, token } = await cached(stage, pool, { ...often, cooldown: HOUR });

    await pool.rotateKeys();
    const refreshed = keys.requests + 2;
    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(ADMITTED);
      expect(keys.requests).toBeGreaterThanOrEqual(refreshed);
    });
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });
});

describe.concurrent('A signing key that is removed', () => {
  it('stops working at the next refresh, and its cached tokens with it', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { api, token } = await cached(stage, pool, often);
    const unused = pool.accessToken('alice');

    await pool.rotateKeys({ keep: false });
    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(refusal('unknown_key'));
    });
    expect(await api.get(unused)).toMatchObject(refusal('unknown_key'));
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
  });

  it('stops working when the search for another finds the new set', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { keys, api, token } = await cached(stage, pool, seldom);

    await pool.rotateKeys({ keep: false });
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(await api.get(token)).toMatchObject(refusal('unknown_key'));
    expect(keys.requests).toBe(2);
  });
});

describe.concurrent('A signing key that is replaced under its kid', () => {
  it('stops working at the next refresh, and its cached tokens with it', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { keys, api, token } = await cached(stage, pool, often);
    const unused = pool.accessToken('alice');
    const [{ kid } = { kid: '' }] = pool.jwks().keys;

    await pool.rotateKeys({ keep: false });
    keys.script = document(() => ({
      keys: pool.jwks().keys.map((key) => Object.assign(key, { kid })),
    }));
    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(refusal('invalid_signature'));
    });
    expect(await api.get(unused)).toMatchObject(refusal('invalid_signature'));
    const renewed = pool.accessToken('alice', { header: { kid } });
    expect(await api.get(renewed)).toMatchObject(ADMITTED);
  });
});

describe.concurrent('A signing key that stays', () => {
  it('goes through any number of refreshes unnoticed', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const pool = await createUserPool();
    const { keys, api, token } = await cached(stage, pool, often);

    await eventually(async () => {
      expect(await api.get(token)).toMatchObject(ADMITTED);
      expect(keys.requests).toBeGreaterThanOrEqual(20);
    });
  });
});
