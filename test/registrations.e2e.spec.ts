import { Controller, Get, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  CognitoAuthModule,
  CognitoGuard,
  CurrentUser,
  Groups,
  OptionalAuth,
  Public,
  TokenUse,
  UserPool,
} from 'nestjs-cognito-auth';
import type { CognitoAuthExtras, CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { greetingOf, MeController, protectedBy } from './support/me.controller.js';
import { registeredStrategies } from './support/passport.js';
import { refusal } from './support/refusals.js';

const ALICE = greetingOf('alice');

let pool: LocalUserPool;
let other: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }];
  pool = await LocalUserPool.create({ users });
  other = await LocalUserPool.create({ users });
});

describe.each(ADAPTERS)('Several registrations on %s', (adapter) => {
  it('stay apart in two applications of one process', async () => {
    const first = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(pool.options())));
    const second = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(other.options())));
    expect(await send(first, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(second, '/me', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(first, '/me', other.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
    expect(await send(second, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('stay apart in two modules of one application', async () => {
    function featureOf(userPool: LocalUserPool, path: string): DynamicModule {
      @Controller(path)
      @Groups('admin')
      class FeatureController {
        @Get()
        whoAmI(@CurrentUser('username') username: string) {
          return { username };
        }
      }
      class FeatureModule {}
      const options = { ...userPool.options(), isGlobal: false };
      return {
        module: FeatureModule,
        imports: [CognitoAuthModule.forRoot(options)],
        controllers: [FeatureController],
      };
    }
    const imports = [featureOf(pool, 'staff'), featureOf(other, 'customers')];
    const app = await startApp(adapter, { imports });
    expect(await send(app, '/staff', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/customers', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/staff', other.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
    expect(await send(app, '/customers', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('have a strategy of their own, which leaves Passport when their application closes', async () => {
    const before = registeredStrategies();
    const module = CognitoAuthModule.forRoot(pool.options());
    const first = await createApp(adapter, protectedBy(module));
    const [strategyOfFirst, ...rest] = registeredStrategies().filter(
      (name) => !before.includes(name),
    );
    expect(strategyOfFirst).toBeDefined();
    expect(rest).toEqual([]);

    const second = await createApp(adapter, protectedBy(module));
    expect(registeredStrategies()).toHaveLength(before.length + 2);
    await first.close();
    expect(registeredStrategies()).toHaveLength(before.length + 1);
    expect(registeredStrategies()).not.toContain(strategyOfFirst);
    expect(await send(second, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    await second.close();
    expect(registeredStrategies()).toEqual(before);
  });

  const protection = (userPool: LocalUserPool, extras: Partial<CognitoAuthExtras> = {}) =>
    CognitoAuthModule.forRoot({ ...userPool.options(), protectAll: true, ...extras });

  it('do not boot when two of them protect all routes, which nobody could enter', async () => {
    const imports = [protection(pool), protection(other)];
    await expect(createApp(adapter, { imports })).rejects.toMatchObject(SEVERAL);
  });

  it('do not boot when one protects all, and APP_GUARD or main.ts adds the guard of another', async () => {
    const isGlobal = false;
    const local = CognitoAuthModule.forRoot({ ...other.options(), isGlobal });
    @Module({ imports: [local], providers: [{ provide: APP_GUARD, useExisting: CognitoGuard }] })
    class GuardingModule {}
    const imports = [protection(pool, { isGlobal }), GuardingModule];
    await expect(createApp(adapter, { imports })).rejects.toMatchObject(SEVERAL);

    @Module({ imports: [local] })
    class OtherModule {}
    await expect(
      createApp(
        adapter,
        { imports: [protection(pool, { isGlobal }), OtherModule] },
        {
          configure: (app) =>
            app.useGlobalGuards(app.select(OtherModule).get(CognitoGuard, { strict: false })),
        },
      ),
    ).rejects.toMatchObject(SEVERAL);
  });

  it('do not boot when a route is guarded by two without a user pool in common', async () => {
    const local = CognitoAuthModule.forRoot({ ...other.options(), isGlobal: false });
    @Module({ imports: [local], controllers: [MeController] })
    class FeatureModule {}
    await expect(
      createApp(adapter, { imports: [FeatureModule, protection(pool)] }),
    ).rejects.toMatchObject({
      problems: [expect.stringMatching(/^MeController.me is guarded by two registrations/)],
    });
  });

  it('may both guard a route with a user pool in common', async () => {
    const local = CognitoAuthModule.forRoot({ ...other.options(), isGlobal: false });
    @Module({ imports: [local], controllers: [MeController] })
    class FeatureModule {}
    const userPools = [pool.options(), other.options()];
    const imports = [FeatureModule, CognitoAuthModule.forRoot({ userPools, protectAll: true })];
    const app = await startApp(adapter, { imports });
    expect(await send(app, '/me', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  /** One user pool: for all routes, and for a controller with these decorators. */
  function twice(
    all: Partial<CognitoAuthOptions>,
    ofRoute: Partial<CognitoAuthOptions>,
    decorators: readonly MethodDecorator[] = [],
  ) {
    @Controller('feature')
    class FeatureController {
      @Get() whoAmI(@CurrentUser('username') username: string) {
        return { username };
      }
    }
    const { prototype } = FeatureController;
    const method = Object.getOwnPropertyDescriptor(prototype, 'whoAmI') ?? {};
    for (const decorate of decorators) decorate(prototype, 'whoAmI', method);
    const local = { ...pool.options(), ...ofRoute, isGlobal: false };
    @Module({ imports: [CognitoAuthModule.forRoot(local)], controllers: [FeatureController] })
    class FeatureModule {}
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), ...all, protectAll: true })];
    return { imports: [...imports, FeatureModule] };
  }

  const guard = UseGuards(CognitoGuard);

  it.each([
    ['kind of token', { tokenUse: 'access' }, { tokenUse: 'id' }, [guard]],
    ['kind of token, for those who send one', {}, { tokenUse: 'id' }, [OptionalAuth()]],
    ['app client', { clientId: 'web' }, { clientId: ['admin', 'mobile'] }, [guard]],
    [
      'kind of token for the app client',
      { clientId: ['web', 'mobile'] },
      { clientId: 'web', tokenUse: 'id' },
      [guard],
    ],
  ] as const)(
    'do not boot when a route is guarded by two without a common %s',
    async (_, all, ofRoute, decorators) => {
      await expect(createApp(adapter, twice(all, ofRoute, decorators))).rejects.toMatchObject({
        problems: [
          expect.stringMatching(
            /^FeatureController.whoAmI is guarded by two registrations, .* "clientId" and "tokenUse"/,
          ),
        ],
      });
    },
  );

  it.each([
    ['kind of token', { tokenUse: ['access', 'id'] }, { tokenUse: 'access' }, [guard]],
    ['kind of token, by @TokenUse()', {}, { tokenUse: 'id' }, [TokenUse('access')]],
    ['app client, of any', { clientId: null }, {}, [guard]],
  ] as const)('may both guard a route with a common %s', async (_, all, ofRoute, decorators) => {
    const app = await startApp(adapter, twice(all, ofRoute, decorators));
    expect(await send(app, '/feature', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/feature')).toMatchObject(refusal('missing_token'));
  });

  it('do not boot when @UserPool() names a user pool that only one of them knows by that name', async () => {
    @Controller('feature')
    class FeatureController {
      @Get() @UserPool('staff') whoAmI() {
        return {};
      }
    }
    const named = (name: string) => ({ userPools: [{ ...pool.options(), name }] });
    const local = CognitoAuthModule.forRoot({ ...named('customers'), isGlobal: false });
    @Module({ imports: [local], controllers: [FeatureController] })
    class FeatureModule {}
    const protecting = CognitoAuthModule.forRoot({ ...named('staff'), protectAll: true });
    await expect(
      createApp(adapter, { imports: [protecting, FeatureModule] }),
    ).rejects.toMatchObject({
      problems: [expect.stringMatching(/^FeatureController.whoAmI is guarded by two/)],
    });
  });

  it('may be apart where a guard is made for each request', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class ScopedGuard extends CognitoGuard {}
    const featureOf = (userPool: LocalUserPool, path: string): DynamicModule => {
      @Controller(path)
      @UseGuards(ScopedGuard)
      class FeatureController {
        @Get() whoAmI(@CurrentUser('username') username: string) {
          return { username };
        }
      }
      const options = { ...userPool.options(), isGlobal: false };
      return {
        module: class FeatureModule {},
        imports: [CognitoAuthModule.forRoot(options)],
        controllers: [FeatureController],
      };
    };
    const imports = [featureOf(pool, 'staff'), featureOf(other, 'customers')];
    const app = await startApp(adapter, { imports });
    expect(await send(app, '/staff', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/customers', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/customers', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('may both guard the routes of others when one is public here', async () => {
    const app = await startApp(adapter, twice({}, { tokenUse: 'id' }, [guard, Public()]));
    expect(await send(app, '/feature')).toMatchObject({ status: 200 });
  });

  it.each([
    ['the same', () => protection(pool)],
    ['an equal one', undefined],
  ])('protect all when %s is imported twice', async (_, once) => {
    const same = once?.();
    @Module({ imports: [same ?? protection(pool)], controllers: [MeController] })
    class FeatureModule {}
    const app = await startApp(adapter, { imports: [same ?? protection(pool), FeatureModule] });
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });
});

const SEVERAL = {
  problems: [
    expect.stringMatching(
      /^The guards of several registrations protect all routes, .* "userPools"/,
    ),
  ],
};
