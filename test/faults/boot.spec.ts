import { describe, expect, it } from 'vitest';
import { Api } from './api.js';
import {
  document,
  held,
  hangUp,
  reset,
  resetInTheMiddle,
  silence,
  status,
  text,
} from './scripts.js';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { createUserPool, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const keySet = document(() => pool.jwks());

describe.concurrent('A boot while the key endpoint is down', () => {
  it.for(['background', 'lazy'] as const)(
    'succeeds with preload %s, and tokens are admitted once the endpoint is up',
    async (preload, { onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const keys = await stage.keys(keySet);
      await keys.goDown();
      const api = await stage.api(trusting(pool, keys, { preload }));

      expect(await api.get(pool.accessToken('alice'))).toEqual(KEYS_UNAVAILABLE);

      await keys.comeUp();
      await eventually(async () => {
        expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
      });
      expect(keys.requests).toBe(1);
    },
  );

  it('fails with preload required', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    await keys.goDown();
    const options = trusting(pool, keys, { preload: 'required' });

    await expect(Api.start(options)).rejects.toMatchObject({ code: 'keys_unavailable' });

    await keys.comeUp();
    const api = await stage.api(options);
    expect(keys.requests).toBe(1);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('fails with preload required when no answer comes', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(silence);
    const options = trusting(pool, keys, { preload: 'required', timeout: 100 });

    await expect(Api.start(options)).rejects.toMatchObject({ code: 'keys_unavailable' });
    expect(keys.requests).toBeLessThanOrEqual(1);
  });

  it('reports through ready() whether there are keys', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    await keys.goDown();
    const { service } = await stage.api(trusting(pool, keys));

    await expect(service.ready()).rejects.toMatchObject({ code: 'keys_unavailable' });

    await keys.comeUp();
    await eventually(() => service.ready());
    await service.ready();
    expect(keys.requests).toBe(1);
  });

  it('refuses what no key could make valid as if nothing was wrong', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    await keys.goDown();
    const api = await stage.api(trusting(pool, keys));
    const foreign = pool.accessToken('alice', { claims: { iss: 'https://example.com' } });
    const unsigned = pool.accessToken('alice', { header: { alg: 'none' } });

    expect(await api.get('a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(await api.get(unsigned)).toMatchObject(refusal('malformed_token'));
    expect(await api.get(foreign)).toMatchObject(refusal('wrong_issuer'));
  });
});

describe.concurrent('A boot whose first connection to the key endpoint breaks', () => {
  it.for([
    ['closed', hangUp],
    ['reset', reset],
    ['reset in the middle', resetInTheMiddle(() => pool.jwks())],
  ] as const)('succeeds with preload required: %s', async ([, fault], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const scripts = [fault, keySet];
    const keys = await stage.keys((...exchange) => scripts.shift()?.(...exchange));
    const api = await stage.api(trusting(pool, keys, { preload: 'required', timeout: 3_000 }));

    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(2);
  });

  it('fails with preload required when the second one breaks, too', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(hangUp);
    const options = trusting(pool, keys, { preload: 'required' });

    await expect(Api.start(options)).rejects.toMatchObject({ code: 'keys_unavailable' });
    expect(keys.requests).toBe(2);
  });

  it.for([
    ['a status', status(503, () => pool.jwks())],
    ['no JSON', text('<html>')],
  ] as const)('does not try again after an answer: %s', async ([, fault], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(fault);
    const options = trusting(pool, keys, { preload: 'required' });

    await expect(Api.start(options)).rejects.toMatchObject({ code: 'keys_unavailable' });
    expect(keys.requests).toBe(1);
  });

  it('ends the fetches for other user pools when it fails', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const answer = held(status(500, () => pool.jwks()));
    const [bad, silent] = await Promise.all([stage.keys(answer.script), stage.keys(silence)]);
    const userPools = [bad, silent].map(({ issuer, uri }, index) => ({
      name: `pool ${index}`,
      userPoolId: pool.userPoolId,
      clientId: pool.clientId,
      issuer,
      jwksUri: uri,
    }));
    const booting = Api.start({ userPools, keys: { preload: 'required', timeout: 60_000 } });
    const failure = booting.catch((error: unknown) => error);
    await eventually(() => expect(silent.openAnswers).toBe(1));
    answer.release();
    expect(await failure).toMatchObject({ code: 'keys_unavailable' });
    await eventually(() => expect(silent.openAnswers).toBe(0));
  });
});

describe.concurrent('A boot while the key endpoint is up', () => {
  it('has tokens of unknown keys cost no fetch of their own before it has keys', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const answer = held(keySet);
    const keys = await stage.keys(answer.script);
    const api = await stage.api(trusting(pool, keys, { preload: 'background' }));
    await eventually(() => expect(keys.openAnswers).toBe(1));
    const token = pool.accessToken('alice');
    const invented = api.service.verify(withKid(token, 'invented'));
    const failure = invented.catch((error: unknown) => error);

    answer.release();
    expect(await failure).toMatchObject({ code: 'unknown_key' });
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('fetches the keys once before any token comes with preload background', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { preload: 'background' }));

    await eventually(() => expect(keys.requests).toBe(1));
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('does not wait for the keys with preload background', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const answer = held(keySet);
    const keys = await stage.keys(answer.script);
    const api = await stage.api(trusting(pool, keys, { preload: 'background' }));
    const early = api.get(pool.accessToken('alice'));

    await eventually(() => expect(keys.openAnswers).toBe(1));
    answer.release();
    expect(await early).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('fetches nothing before the first token with preload lazy', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { preload: 'lazy' }));

    expect(await api.get('a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(keys.requests).toBe(0);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(keys.requests).toBe(1);
  });

  it('answers 401 to an unknown key as soon as the keys are known', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const api = await stage.api(trusting(pool, keys, { preload: 'required' }));

    const invented = withKid(pool.accessToken('alice'), 'invented');
    expect(await api.get(invented)).toMatchObject(refusal('unknown_key'));
    expect(keys.requests).toBe(2);
  });
});
