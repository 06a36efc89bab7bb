import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { KeyOptions } from 'nestjs-cognito-auth';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, Stage } from './stage.js';
import { createUserPool, HOUR, trusting, withKid } from './user-pool.js';

type Fetcher = NonNullable<KeyOptions['fetcher']>;
type KeySet = Awaited<ReturnType<Fetcher>>;

const pool = await createUserPool();
const source = { uri: 'https://keys.example/jwks.json' };
const jwks: Fetcher = async () => pool.jwks();

// What a fetcher does that does not keep to its type.
const FAULTS: [string, (uri: string) => unknown, KeyOptions?][] = [
  [
    'throws',
    () => {
      throw new Error('no proxy');
    },
  ],
  [
    'throws nothing',
    () => {
      throw undefined;
    },
  ],
  ['rejects', () => Promise.reject(new Error('no proxy'))],
  ['rejects with null', () => Promise.reject(null)],
  ['rejects with a text', () => Promise.reject('no proxy')],
  ['rejects with an error that is frozen', () => Promise.reject(Object.freeze(new Error('no')))],
  ['never ends', () => new Promise(() => undefined), { timeout: 100 }],
  ['gives nothing', () => undefined],
  ['gives null', () => Promise.resolve(null)],
  ['gives a text', () => Promise.resolve('<!doctype html>')],
  ['gives JSON that is not parsed', () => Promise.resolve(JSON.stringify(pool.jwks()))],
  ['gives a Response', () => Promise.resolve(Response.json(pool.jwks()))],
  ['gives keys that are none', () => Promise.resolve({ keys: 7 })],
  ['gives no keys', () => Promise.resolve({ keys: [] })],
  [
    'gives a set that cannot be read',
    () => ({
      get keys() {
        throw new Error('trap');
      },
    }),
  ],
  [
    'gives a key that cannot be read',
    () => ({
      keys: [
        {
          get kty() {
            throw new Error('trap');
          },
        },
      ],
    }),
  ],
];

describe.concurrent('A fetcher without a connection', () => {
  it.for<[string, () => unknown]>([
    ['of this realm', () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    // As the `fetch` of Node throws it under Jest.
    [
      'of another realm',
      () =>
        runInNewContext(
          'new TypeError("fetch failed", { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) })',
        ),
    ],
  ])('is asked once more: an error %s', async ([, error], { onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const fetchers = [() => Promise.reject(error()), jwks];
    const fetcher: Fetcher = (uri) => (fetchers.shift() as Fetcher)(uri);
    const options = trusting(pool, source, { fetcher, preload: 'required' });
    const api = await stage.api(options);
    expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    expect(fetchers).toEqual([]);
  });
});

describe.concurrent('A fetcher that', () => {
  describe.for(FAULTS)('%s', ([, fault, options]) => {
    it('costs a 503, until it works', async ({ onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      let current = fault;
      const fetcher = ((uri) => current(uri)) as Fetcher;
      const api = await stage.api(trusting(pool, source, { ...options, fetcher }));
      const token = pool.accessToken('alice');
      expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE);

      current = jwks;
      await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));
    });

    it('does not replace keys that are cached', async ({ onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      let current: (uri: string) => unknown = jwks;
      const fetcher = ((uri) => current(uri)) as Fetcher;
      const refreshing = { ...options, fetcher, maxAge: 1, staleFor: HOUR, cooldown: 0 };
      const api = await stage.api(trusting(pool, source, refreshing));
      const token = pool.accessToken('alice');
      expect(await api.get(token)).toMatchObject(ADMITTED);

      current = fault;
      await eventually(async () => {
        expect(await api.get(withKid(token, 'invented'))).toEqual(KEYS_UNAVAILABLE);
      });
      expect(await api.get(token)).toMatchObject(ADMITTED);
      expect(await api.get(pool.accessToken('alice'))).toMatchObject(ADMITTED);
    });
  });
});

describe.concurrent('A fetcher', () => {
  it('is called with the address of the keys, once for all that wait', async ({
    onTestFinished,
  }) => {
    const stage = new Stage(onTestFinished);
    const addresses: string[] = [];
    const fetcher: Fetcher = async (uri) => {
      addresses.push(uri);
      return pool.jwks();
    };
    const api = await stage.api(trusting(pool, source, { fetcher }));

    const tokens = Array.from({ length: 20 }, () => pool.accessToken('alice'));
    for (const answer of await Promise.all(tokens.map((token) => api.get(token)))) {
      expect(answer).toMatchObject(ADMITTED);
    }
    expect(addresses).toEqual([source.uri]);
  });

  it('that answers after its time is over changes nothing', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const foreign = await createUserPool();
    let answerLate: (keySet: KeySet) => void = () => undefined;
    const late = new Promise<KeySet>((resolve) => {
      answerLate = resolve;
    });
    const answers = [late];
    const fetcher: Fetcher = async () => answers.shift() ?? pool.jwks();
    const api = await stage.api(trusting(pool, source, { fetcher, timeout: 100, cooldown: HOUR }));
    const token = pool.accessToken('alice');
    expect(await api.get(token)).toEqual(KEYS_UNAVAILABLE);
    await eventually(async () => expect(await api.get(token)).toMatchObject(ADMITTED));

    answerLate(foreign.jwks());
    await late;
    expect(await api.get(token)).toMatchObject(ADMITTED);
    expect(await api.get(foreign.accessToken('alice'))).toMatchObject({ status: 401 });
  });
});
