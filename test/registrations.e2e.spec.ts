import { Controller, Get, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CognitoAuthModule, CognitoGuard, CurrentUser, Groups } from 'nestjs-cognito-auth';
import type { CognitoAuthExtras } from 'nestjs-cognito-auth';
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
