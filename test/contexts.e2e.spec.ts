import { Injectable } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { ExternalContextCreator } from '@nestjs/core';
import { Authenticated, CognitoAuthModule, OptionalAuth, Public } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
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

async function start(adapter: Adapter, protectAll: boolean): Promise<INestApplication> {
  return startApp(adapter, {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll })],
    providers: [Handlers, BareHandlers],
  });
}

/** Calls a handler the way in which Nest's own integrations do it: guards first. */
async function call<T extends object>(
  app: INestApplication,
  [type, handlers, name]: [type: string, handlers: Type<T>, name: keyof T & string],
): Promise<unknown> {
  const instance = app.get(handlers);
  const method = instance[name] as () => unknown;
  const none = [undefined, undefined, undefined, undefined, undefined] as const;
  const handler = app.get(ExternalContextCreator).create(instance, method, name, ...none, type);
  const request = { headers: { authorization: `Bearer ${pool.accessToken('alice')}` } };
  // No response beside it: only HTTP has one.
  return handler(request);
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
});
