import { EventEmitter, once } from 'node:events';
import { CognitoAuthModule, CognitoAuthService } from 'nestjs-cognito-auth';
import type { KeyOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { greetingOf, protectedBy } from './support/me.controller.js';
import { registeredStrategies } from './support/passport.js';
import { refusal } from './support/refusals.js';

type Preload = KeyOptions['preload'];
type KeySet = Awaited<ReturnType<NonNullable<KeyOptions['fetcher']>>>;

const ALICE = greetingOf('alice');
const URI = 'https://keys.example/jwks.json';

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
});

/** The address of a key set that answers when the test says so. */
class Keys {
  readonly asked: string[] = [];
  private readonly answers = new EventEmitter();
  private answer?: KeySet | Error;

  readonly fetcher = async (uri: string): Promise<KeySet> => {
    this.asked.push(uri);
    if (!this.answer) await once(this.answers, 'answer');
    if (this.answer instanceof Error) throw this.answer;
    return this.answer ?? { keys: [] };
  };

  publish(): this {
    return this.give(pool.jwks());
  }

  breakDown(): this {
    return this.give(new Error('down'));
  }

  private give(answer: KeySet | Error): this {
    this.answer = answer;
    this.answers.emit('answer');
    return this;
  }
}

function moduleWith({ fetcher }: Keys, preload?: Preload) {
  const keys = { fetcher, preload, timeout: 20_000 };
  return CognitoAuthModule.forRoot(pool.options({ jwks: undefined, jwksUri: URI, keys }));
}

describe.each(ADAPTERS)('keys.preload on %s', (adapter) => {
  it('fetches behind the boot by default, and has the first token wait for it', async () => {
    const keys = new Keys();
    const app = await startApp(adapter, protectedBy(moduleWith(keys)));
    await vi.waitFor(() => expect(keys.asked).toEqual([URI]));
    const answer = send(app, '/me', pool.accessToken('alice'));
    keys.publish();
    expect(await answer).toMatchObject(ALICE);
    expect(keys.asked).toEqual([URI]);
  });

  it('background boots without keys', async () => {
    const keys = new Keys().breakDown();
    const app = await startApp(adapter, protectedBy(moduleWith(keys, 'background')));
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('keys_unavailable'),
    );
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });

  it('required has the keys before the boot ends', async () => {
    const keys = new Keys();
    const boot = startApp(adapter, protectedBy(moduleWith(keys, 'required')));
    await vi.waitFor(() => expect(keys.asked).toEqual([URI]));
    keys.publish();
    const app = await boot;
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(keys.asked).toEqual([URI]);
  });

  it('required stops the boot without keys, and leaves no strategy behind', async () => {
    const before = registeredStrategies();
    const module = moduleWith(new Keys().breakDown(), 'required');
    await expect(createApp(adapter, protectedBy(module))).rejects.toMatchObject({
      name: 'CognitoAuthError',
      code: 'keys_unavailable',
    });
    expect(registeredStrategies()).toEqual(before);
  });

  it('lazy fetches with the first token that needs a key, once for all', async () => {
    const keys = new Keys().publish();
    const app = await startApp(adapter, protectedBy(moduleWith(keys, 'lazy')));
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/me', 'a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(keys.asked).toEqual([]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => send(app, '/me', pool.accessToken('alice'))),
    );
    for (const answer of answers) expect(answer).toMatchObject(ALICE);
    expect(keys.asked).toEqual([URI]);
  });

  it('fetches nothing at all for a fixed key set', async () => {
    const keys = new Keys();
    const { fetcher } = keys;
    const options = pool.options({ keys: { fetcher, preload: 'required' as const } });
    const app = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(options)));
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(keys.asked).toEqual([]);
  });
});

describe.each(ADAPTERS)('CognitoAuthService.ready() on %s', (adapter) => {
  it('resolves once the keys are at hand', async () => {
    const keys = new Keys();
    const app = await startApp(adapter, { imports: [moduleWith(keys, 'lazy')] });
    const ready = app.get(CognitoAuthService).ready();
    await vi.waitFor(() => expect(keys.asked).toEqual([URI]));
    keys.publish();
    await expect(ready).resolves.toBeUndefined();
    await app.get(CognitoAuthService).ready();
    expect(keys.asked).toEqual([URI]);
  });

  it('rejects when they cannot be had', async () => {
    const module = moduleWith(new Keys().breakDown(), 'lazy');
    const app = await startApp(adapter, { imports: [module] });
    await expect(app.get(CognitoAuthService).ready()).rejects.toMatchObject({
      code: 'keys_unavailable',
    });
  });

  it('resolves at once for a fixed key set', async () => {
    const app = await startApp(adapter, { imports: [CognitoAuthModule.forRoot(pool.options())] });
    await expect(app.get(CognitoAuthService).ready()).resolves.toBeUndefined();
  });

  it('needs the keys of one issuer of each user pool, the first or another', async () => {
    const issuers = ['https://old.example', 'https://new.example'];
    const asked: string[] = [];
    const fetcher = (uri: string) => {
      asked.push(uri);
      if (uri.startsWith('https://old.example')) return Promise.reject(new Error('down'));
      return Promise.resolve(pool.jwks());
    };
    const keys = { fetcher, preload: 'lazy' as const };
    const options = pool.options({ issuer: issuers, jwks: undefined, keys });
    const app = await startApp(adapter, { imports: [CognitoAuthModule.forRoot(options)] });
    await app.get(CognitoAuthService).ready();
    expect(asked).toEqual(issuers.map((issuer) => `${issuer}/.well-known/jwks.json`));
  });
});
