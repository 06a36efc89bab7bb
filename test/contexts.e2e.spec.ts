import { Injectable } from '@nestjs/common';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { Authenticated, CognitoAuthModule, OptionalAuth, Public } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';

/** A handler of requests that are not HTTP, as those of GraphQL or of a bot are. */
@Injectable()
class Handlers {
  @Authenticated()
  authenticated() {
    return 'came in';
  }

  @OptionalAuth()
  optional() {
    return 'came in';
  }

  @Public()
  public() {
    return 'came in';
  }
}

/** The same, without a rule. */
@Injectable()
class BareHandlers {
  bare() {
    return 'came in';
  }
}

const UNSUPPORTED = { code: 'unsupported_context', name: 'CognitoAuthError' };

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
});

async function start(
  adapter: Adapter,
  protectAll: boolean,
  logger: LoggerService | false = false,
): Promise<INestApplication> {
  const module = CognitoAuthModule.forRoot({ ...pool.options(), protectAll });
  return startApp(adapter, { imports: [module], providers: [Handlers, BareHandlers] }, { logger });
}

/** Calls a handler the way in which Nest's own integrations do it: guards first. */
async function call<T extends object>(
  app: INestApplication,
  [type, handlers, name]: [type: string, handlers: Type<T>, name: keyof T & string],
  // No response beside it: only HTTP has one.
  args: unknown[] = [{ headers: { authorization: `Bearer ${pool.accessToken('alice')}` } }],
): Promise<unknown> {
  const instance = app.get(handlers);
  const method = instance[name] as () => unknown;
  const none = [undefined, undefined, undefined, undefined, undefined] as const;
  const handler = app.get(ExternalContextCreator).create(instance, method, name, ...none, type);
  return handler(...args);
}

/** The code of a refusal in whichever form a transport wants it. */
async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  const error: unknown = await answer.catch((thrown: unknown) => thrown);
  const refusal = error as { code?: unknown; getError?(): { code?: unknown } };
  return refusal.code ?? refusal.getError?.().code;
}

describe.each(ADAPTERS)('A context that the guard does not know, in an app on %s', (adapter) => {
  it.each(['telegraf', 'necord'])('is refused: %s', async (type) => {
    const app = await start(adapter, false);
    await expect(call(app, [type, Handlers, 'authenticated'])).rejects.toMatchObject(UNSUPPORTED);
    await expect(call(app, [type, Handlers, 'optional'])).rejects.toMatchObject(UNSUPPORTED);
    expect(await call(app, [type, Handlers, 'public'])).toBe('came in');
    expect(await call(app, ['http', Handlers, 'authenticated'])).toBe('came in');
  });

  it('is refused by the guard that protects all', async () => {
    const app = await start(adapter, true);
    await expect(call(app, ['telegraf', BareHandlers, 'bare'])).rejects.toMatchObject(UNSUPPORTED);
    expect(await call(app, ['telegraf', Handlers, 'public'])).toBe('came in');
    expect(await call(app, ['http', BareHandlers, 'bare'])).toBe('came in');
  });

  it('is in the log once, with what to do about it', async () => {
    const error = vi.fn<(line: string) => void>();
    const app = await start(adapter, true, { error, fatal: error, log() {}, warn() {} });
    const calls = ['telegraf', 'telegraf', 'necord', 'telegraf'].flatMap((type) => [
      codeOf(call(app, [type, Handlers, 'authenticated'])),
      codeOf(call(app, [type, BareHandlers, 'bare'])),
    ]);
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['unsupported_context']));
    const lines = error.mock.calls.map(([line]) => line);
    expect(lines).toEqual(['telegraf', 'necord'].map((type) => expect.stringContaining(type)));
    for (const line of lines) {
      expect(line).toContain('Handlers.authenticated');
      expect(line).toContain('CognitoGuard knows http, graphql, ws and rpc');
      expect(line).toMatch(/@Public\(\).*CognitoAuthService\.verify\(\)/);
    }
  });
});

describe.each<[type: string, what: string, args: unknown[]]>([
  ['http', 'without a request', []],
  ['graphql', 'without a context', [{}, {}, undefined, {}]],
  ['graphql', 'without a request', [{}, {}, {}, {}]],
  ['graphql', 'without arguments', []],
  ['rpc', 'without a context', [{ token: 'a.b.c' }]],
  ['rpc', 'with a context that is a text', [{ token: 'a.b.c' }, 'orders']],
  ['rpc', 'without arguments', []],
  ['ws', 'without a client', [undefined, { token: 'a.b.c' }]],
  ['ws', 'with a client that is a text', ['client', { token: 'a.b.c' }]],
  ['ws', 'without arguments', []],
])('A context of the type %s %s', (type, _, args) => {
  it('is refused, unless nobody is asked for a token', async () => {
    const app = await start('express', true);
    const codeFor = (name: keyof Handlers) => codeOf(call(app, [type, Handlers, name], args));
    expect(await codeFor('authenticated')).toBe('unsupported_context');
    expect(await codeFor('optional')).toBe('unsupported_context');
    expect(await codeOf(call(app, [type, BareHandlers, 'bare'], args))).toBe('unsupported_context');
    expect(await call(app, [type, Handlers, 'public'], args)).toBe('came in');
  });
});
