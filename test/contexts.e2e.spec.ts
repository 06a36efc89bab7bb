import { Injectable } from '@nestjs/common';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ExternalContextCreator } from '@nestjs/core';
import {
  Authenticated,
  Claims,
  CognitoAuthModule,
  CurrentUser,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
} from 'nestjs-cognito-auth';
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

  @Public()
  named(
    @CurrentUser() user?: unknown,
    @CurrentUser('username') username?: string,
    @Principal() principal?: unknown,
    @Claims('sub') sub?: string,
    @RawToken() token?: string,
  ) {
    return [user, username, principal, sub, token];
  }
}

/** The same, without a rule. */
@Injectable()
class BareHandlers {
  bare() {
    return 'came in';
  }
}

/** Nothing but the decorators of this library. */
const PARAMETERS = { exchangeKeyForValue: () => null };

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
  args: unknown[] = [
    { headers: { authorization: `Bearer ${pool.accessToken('alice')}` } },
    // Only HTTP has a response.
    ...(type === 'http' ? [{ header() {} }] : []),
  ],
): Promise<unknown> {
  const instance = app.get(handlers);
  const method = instance[name] as () => unknown;
  const none = [undefined, undefined, undefined] as const;
  const handler = app
    .get(ExternalContextCreator)
    .create(instance, method, name, ROUTE_ARGS_METADATA, PARAMETERS, ...none, type);
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

  it('is in the log, too, when it calls itself "http" and has no request', async () => {
    const error = vi.fn<(line: string) => void>();
    const app = await start(adapter, true, { error, fatal: error, log() {}, warn() {} });
    for (const event of [{ object: 'event' }, { headers: {} }, 'text', 7, [1], undefined]) {
      const refused = call(app, ['http', BareHandlers, 'bare'], [event]);
      // oxlint-disable-next-line no-await-in-loop -- in turn, as the first one is logged
      await expect(refused).rejects.toMatchObject({ ...UNSUPPORTED, status: 403 });
    }
    expect(error.mock.calls.map(([line]) => line)).toEqual([
      expect.stringMatching(
        /HTTP request.*BareHandlers\.bare is refused\..*@Public\(\).*CognitoAuthService\.verify\(\)/,
      ),
    ]);
  });
});

describe.each<[type: string, what: string, args: unknown[]]>([
  ['http', 'without a request', []],
  ['http', 'with an event that is an object', [{ object: 'event', id: 'evt_1' }]],
  ['http', 'with an event that has headers', [{ headers: { authorization: 'Bearer a.b.c' } }]],
  ['http', 'with an event that is a text', ['text', 'text']],
  ['http', 'with an event that is a number', [7]],
  ['http', 'with an event that is a list', [[1], [2]]],
  ['http', 'with an event that is null', [null]],
  ['graphql', 'with a request that has no headers', [{}, {}, { req: { id: 1 } }, {}]],
  ['graphql', 'with a connection that is a text', [{}, {}, { request: 'a', _connectionInit: {} }]],
  ['telegraf', 'of a bot', [{ update_id: 1 }]],
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

  it('shows no caller to the parameters of a public handler', async () => {
    const app = await start('express', true);
    const nobody = [undefined, undefined, undefined, undefined, undefined];
    expect(await call(app, [type, Handlers, 'named'], args)).toEqual(nobody);
  });
});
