import { Controller, Get, Inject, Injectable } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import * as library from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { greetingOf, MeController } from './support/me.controller.js';
import { refusal } from './support/refusals.js';

type Library = typeof library;

let pool: LocalUserPool;
let other: Library;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
  // As a second version does, or a bundle that reaches the library by import and by require.
  vi.resetModules();
  other = await import('nestjs-cognito-auth');
});

const TWO_COPIES = {
  name: 'CognitoAuthOptionsError',
  problems: [expect.stringMatching(/^Two copies of nestjs-cognito-auth are in use.*"npm dedupe"/)],
};

describe.each(ADAPTERS)('Two copies of the library on %s', (adapter) => {
  function metadata({ protectAll = false, ...others }: ModuleMetadata & { protectAll?: boolean }) {
    const options = { ...pool.options(), protectAll };
    return { imports: [library.CognitoAuthModule.forRoot(options)], ...others };
  }

  it.each(['Authenticated', 'UsersOnly', 'OptionalAuth'] as const)(
    'do not boot with the module of one and @%s() of the other',
    async (name) => {
      const Rule = other[name];
      @Controller()
      class OtherController {
        @Get()
        @Rule()
        get() {
          return {};
        }
      }
      for (const protectAll of [false, true]) {
        const controllers = [OtherController];
        // oxlint-disable-next-line no-await-in-loop -- one application after the other
        await expect(
          createApp(adapter, metadata({ controllers, protectAll })),
        ).rejects.toMatchObject(TWO_COPIES);
      }
    },
  );

  it.each(['Principal', 'Claims', 'RawToken', 'CurrentUser'] as const)(
    'do not boot with the guard of one and @%s() of the other',
    async (name) => {
      const Parameter = other[name];
      @Controller()
      class OtherController {
        @Get()
        get(@Parameter() value: unknown) {
          return { value };
        }
      }
      const app = metadata({ controllers: [OtherController], protectAll: true });
      await expect(createApp(adapter, app)).rejects.toMatchObject(TWO_COPIES);
    },
  );

  it('do not boot with the module of one and the service of the other', async () => {
    @Controller()
    class OtherController {
      constructor(@Inject(other.CognitoAuthService) readonly service: object) {}
    }
    const app = metadata({ controllers: [OtherController] });
    await expect(createApp(adapter, app)).rejects.toMatchObject(TWO_COPIES);
    @Injectable()
    class OtherProvider {
      constructor(@Inject(other.CognitoAuthService) readonly service: object) {}
    }
    await expect(createApp(adapter, metadata({ providers: [OtherProvider] }))).rejects.toThrow(
      /resolve dependencies of the OtherProvider|Two copies/,
    );
  });

  it('may serve two applications', async () => {
    const first = await startApp(adapter, metadata({ controllers: [MeController] }));
    const { Authenticated, CurrentUser } = other;
    @Controller()
    class OtherController {
      @Get('other')
      @Authenticated()
      get(@CurrentUser('username') username: string) {
        return { username };
      }
    }
    const imports = [other.CognitoAuthModule.forRoot(pool.options())];
    const second = await startApp(adapter, { imports, controllers: [OtherController] });
    const token = pool.accessToken('alice');
    expect(await send(first, '/me', token)).toMatchObject(greetingOf('alice'));
    expect(await send(second, '/other', token)).toMatchObject(greetingOf('alice'));
    expect(await send(second, '/other')).toMatchObject(refusal('missing_token'));
  });
});
