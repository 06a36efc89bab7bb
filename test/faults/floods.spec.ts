import { describe, expect, it } from 'vitest';
import type { Answer, Api } from './api.js';
import { document, hangUp, held, silence } from './scripts.js';
import { ADMITTED, eventually, fetchesSince, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { createUserPool, HOUR, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const keySet = document(() => pool.jwks());
const UNKNOWN = refusal('unknown_key');

const genuine = pool.accessToken('alice');
const invented = Array.from({ length: 1000 }, (_, index) => withKid(genuine, `invented ${index}`));

/** Sends all tokens, fifty at a time, each group while `between` goes on. */
async function flood(
  api: Api,
  tokens: readonly string[],
  between: () => Promise<unknown> = async () => undefined,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < tokens.length; start += 50) {
    const group = tokens.slice(start, start + 50).map((token) => api.get(token));
    const [, ...answered] = await Promise.all([between(), ...group]);
    answers.push(...answered);
  }
  return answers;
}

function expectEach(answers: readonly Answer[], expected: object): void {
  for (const answer of answers) expect(answer).toMatchObject(expected);
}

describe.concurrent('A thousand invented kids', () => {
  it('cost two fetches when no keys are cached yet', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { cooldown: HOUR }));

    expectEach(await flood(api, invented), UNKNOWN);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    // The first set, and one search for a kid that came while it was under way.
    expect(keys.requests).toBeLessThanOrEqual(2);
  });

  it('cost one fetch when keys are cached, and valid tokens are admitted', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { cooldown: HOUR }));
    expect(await api.get(genuine)).toMatchObject(ADMITTED);

    const admit = async () => {
      expect(await api.get(genuine)).toMatchObject(ADMITTED);
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    };
    expectEach(await flood(api, invented, admit), UNKNOWN);
    expect(keys.requests).toBe(2);
  });

  it('cost one fetch a cooldown during a rotation, and both keys work', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const cooldown = 50;
    const ownPool = await createUserPool();
    const keys = await stage.keys(document(() => ownPool.jwks()));
    const api = await stage.api(trusting(ownPool, keys, { cooldown }));
    const begin = performance.now();
    const before = ownPool.accessToken('alice');
    expect(await api.get(before)).toMatchObject(ADMITTED);

    await ownPool.rotateKeys();
    const answers = await flood(api, invented, async () => {
      expect(await api.get(before)).toMatchObject(ADMITTED);
    });
    expectEach(answers, UNKNOWN);
    await eventually(async () => {
      expect(await api.get(ownPool.accessToken('alice'))).toMatchObject(ADMITTED);
    });
    expect(await api.get(before)).toMatchObject(ADMITTED);
    expect(keys.requests).toBeLessThanOrEqual(2 + (performance.now() - begin) / cooldown);
  });

  it('cost one fetch a second in an outage, and valid tokens are admitted', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { cooldown: 0 }));
    expect(await api.get(genuine)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    const begin = performance.now();
    const admit = async () => expect(await api.get(genuine)).toMatchObject(ADMITTED);
    expectEach(await flood(api, invented, admit), KEYS_UNAVAILABLE);
    expect(keys.requests).toBeLessThanOrEqual(1 + fetchesSince(begin));
  });
});

describe.concurrent('A hundred concurrent first requests', () => {
  it('share one fetch when one key signed their tokens', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys));
    const tokens = Array.from({ length: 100 }, () => pool.accessToken('alice'));

    expectEach(await Promise.all(tokens.map((token) => api.get(token))), ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('share one fetch when two keys signed them', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api({ ...trusting(pool, keys), tokenUse: ['access', 'id'] });
    const tokens = Array.from({ length: 50 }, () => [
      pool.accessToken('alice'),
      pool.idToken('alice'),
    ]).flat();

    expectEach(await Promise.all(tokens.map((token) => api.get(token))), ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('share one fetch that fails', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const answer = held(hangUp);
    const keys = await stage.keys(answer.script);
    const api = await stage.api(trusting(pool, keys));

    const begin = performance.now();
    const answers = Array.from({ length: 100 }, () => api.get(pool.accessToken('alice')));
    await eventually(() => expect(keys.openAnswers).toBe(1));
    answer.release();
    expectEach(await Promise.all(answers), KEYS_UNAVAILABLE);
    expect(keys.requests).toBeLessThanOrEqual(fetchesSince(begin));
  });
});

describe.concurrent('Steady valid traffic', () => {
  it('never waits for a refresh', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { maxAge: 1 }));
    expect(await api.get(genuine)).toMatchObject(ADMITTED);

    const answer = held(keySet);
    keys.script = answer.script;
    await eventually(async () => {
      expect(await api.get(genuine)).toMatchObject(ADMITTED);
      expect(keys.openAnswers).toBe(1);
    });
    const during = keys.requests;
    for (let count = 0; count < 25; count += 1) {
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    }
    expect(keys).toMatchObject({ openAnswers: 1, requests: during });
    answer.release();
  });

  it('never waits for the search of an unknown key', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys));
    expect(await api.get(genuine)).toMatchObject(ADMITTED);

    const answer = held(keySet);
    keys.script = answer.script;
    const searching = flood(api, invented.slice(0, 20));
    await eventually(() => expect(keys.openAnswers).toBe(1));
    for (let count = 0; count < 25; count += 1) {
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    }
    expect(keys).toMatchObject({ openAnswers: 1, requests: 2 });
    answer.release();
    expectEach(await searching, UNKNOWN);
  });
});

describe.concurrent('A key endpoint that fails under load', () => {
  it.for([
    ['hangs up', hangUp],
    ['says nothing', silence],
  ] as const)('is asked ever less often when it %s', async ([, fault], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(fault);
    const api = await stage.api(trusting(pool, keys, { timeout: 250 }));

    const begin = performance.now();
    while (keys.requests < 3) {
      const answers = Array.from({ length: 10 }, () => api.get(genuine));
      expectEach(await Promise.all(answers), KEYS_UNAVAILABLE);
    }
    // After one second, and after two more.
    expect(performance.now() - begin).toBeGreaterThanOrEqual(3000);
  });

  it('is asked as rarely for keys that are cached', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { maxAge: 1, cooldown: 0 }));
    expect(await api.get(genuine)).toMatchObject(ADMITTED);

    keys.script = hangUp;
    const before = keys.requests;
    const begin = performance.now();
    while (keys.requests < before + 3) {
      const answers = Array.from({ length: 10 }, () => api.get(genuine));
      expectEach(await Promise.all(answers), ADMITTED);
    }
    // After one second, and after two more.
    expect(performance.now() - begin).toBeGreaterThanOrEqual(3000);
  });
});
