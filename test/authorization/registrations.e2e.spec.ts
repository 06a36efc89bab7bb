import { Controller, Get, Injectable, Module } from '@nestjs/common';
import type { DynamicModule, Type } from '@nestjs/common';
import {
  Check,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  Groups,
  MemoryRevocationStore,
  Permissions,
  UserPool,
} from 'nestjs-cognito-auth';
import type { AccessCheck, CognitoAuthExtras, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';

interface Registered {
  of: string;
  username: string;
}

/** Hooks that tell which registration they belong to. */
function hooksOf(name: string): CognitoAuthExtras {
  const resolve = (principal: CognitoPrincipal): Registered => ({
    of: name,
    username: principal.kind === 'user' ? principal.username : '',
  });
  return {
    identity: { useValue: { resolve } },
    groups: { useValue: { groupsOf: () => [name] } },
    permissions: { useValue: { permissionsOf: () => [`${name}:read`] } },
    revocation: MemoryRevocationStore,
  };
}

/** A controller that admits only whom the hooks of this registration let pass. */
function controllerOf(name: string): Type {
  @Controller(name)
  @Groups(name)
  @Permissions(`${name}:read`)
  class FeatureController {
    @Get()
    whoAmI(@CurrentUser() user: Registered) {
      return user;
    }
  }
  return FeatureController;
}

let staff: LocalUserPool;
let customers: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice' }];
  staff = await LocalUserPool.create({ users });
  customers = await LocalUserPool.create({ users });
});

function registration(pool: LocalUserPool, extras: CognitoAuthExtras): DynamicModule {
  return CognitoAuthModule.forRoot({ ...pool.options(), ...extras });
}

/** A module of its own, with or without a registration of its own. */
function feature(name: string, imports: DynamicModule[] = []): DynamicModule {
  class FeatureModule {}
  return { module: FeatureModule, imports, controllers: [controllerOf(name)] };
}

const local = { isGlobal: false };

describe.each(ADAPTERS)('Several registrations on %s', (adapter) => {
  /** Both routes, each with a token of each pool. */
  async function expectApart(first: Parameters<typeof send>[0], second = first) {
    for (const [app, path, own, foreign] of [
      [first, '/staff', staff, customers],
      [second, '/customers', customers, staff],
    ] as const) {
      expect(await send(app, path, own.accessToken('alice'))).toMatchObject({
        status: 200,
        body: { of: path.slice(1), username: 'alice' },
      });
      expect(await send(app, path, foreign.accessToken('alice'))).toMatchObject(
        refusal('wrong_issuer'),
      );
      expect(await send(app, path)).toMatchObject(refusal('missing_token'));
    }
  }

  it('keep their user pools and hooks to themselves in modules of one application', async () => {
    const imports = [
      feature('staff', [registration(staff, { ...hooksOf('staff'), ...local })]),
      feature('customers', [registration(customers, { ...hooksOf('customers'), ...local })]),
    ];
    await expectApart(await startApp(adapter, { imports }));
  });

  it.each(['first', 'last'])(
    'let a local one win over a global one, which comes %s',
    async (place) => {
      const globally = registration(customers, hooksOf('customers'));
      const features = [
        feature('staff', [registration(staff, { ...hooksOf('staff'), ...local })]),
        feature('customers'),
      ];
      const imports = place === 'first' ? [globally, ...features] : [...features, globally];
      await expectApart(await startApp(adapter, { imports }));
    },
  );

  it('do not lend their hooks to one without', async () => {
    @Controller('plain')
    @Groups('staff')
    class PlainController {
      @Get()
      whoAmI(@CurrentUser() user: CognitoPrincipal) {
        return { kind: user.kind };
      }
    }
    @Module({
      imports: [CognitoAuthModule.forRoot({ ...staff.options(), ...local })],
      controllers: [PlainController],
    })
    class PlainModule {}
    const imports = [registration(staff, hooksOf('staff')), PlainModule];
    const app = await startApp(adapter, { imports });
    const token = staff.accessToken('alice');
    expect(await send(app, '/plain', token)).toMatchObject(refusal('insufficient_group'));
    const inGroup = staff.accessToken('alice', { claims: { 'cognito:groups': ['staff'] } });
    expect(await send(app, '/plain', inGroup)).toMatchObject({ body: { kind: 'user' } });
  });

  it('keep to themselves in two applications of one process', async () => {
    const [first, second] = await Promise.all([
      startApp(adapter, { imports: [registration(staff, hooksOf('staff')), feature('staff')] }),
      startApp(adapter, {
        imports: [registration(customers, hooksOf('customers')), feature('customers')],
      }),
    ]);
    await expectApart(first, second);
  });

  it('revoke in a store of their own', async () => {
    const module = registration(staff, hooksOf('staff'));
    const start = () => startApp(adapter, { imports: [module, feature('staff')] });
    const [first, second] = [await start(), await start()];
    const token = staff.accessToken('alice', { originJti: 'laptop' });
    await first.get(CognitoAuthService).revoke({ originJti: 'laptop' });
    expect(await send(first, '/staff', token)).toMatchObject(refused('token_revoked'));
    expect(await send(second, '/staff', token)).toMatchObject({ status: 200 });
  });

  it('create the class of a check only where it is used', async () => {
    let created = 0;
    @Injectable()
    class Counted implements AccessCheck {
      constructor() {
        created += 1;
      }

      check() {
        return true;
      }
    }
    @Controller('checked')
    @Check(Counted)
    class CheckedController {
      @Get()
      checked() {
        return {};
      }
    }
    @Module({
      imports: [registration(staff, local)],
      controllers: [CheckedController],
    })
    class CheckedModule {}
    const imports = [registration(customers, {}), CheckedModule];
    const app = await startApp(adapter, { imports });
    expect(created).toBe(1);
    expect(await send(app, '/checked', staff.accessToken('alice'))).toMatchObject({ status: 200 });
  });
});

describe('A rule', () => {
  it('stops the boot when only another registration could satisfy it', async () => {
    @Controller('reports')
    class ReportsController {
      @Get('permissions')
      @Permissions('reports:read')
      permissions() {}

      @Get('pool')
      @UserPool('customers')
      pool() {}
    }
    const options = staff.options({ name: 'staff' });
    @Module({
      imports: [CognitoAuthModule.forRoot({ ...options, ...local })],
      controllers: [ReportsController],
    })
    class ReportsModule {}
    const globally = CognitoAuthModule.forRoot({
      ...customers.options({ name: 'customers' }),
      ...hooksOf('customers'),
    });
    for (const imports of [
      [globally, ReportsModule],
      [ReportsModule, globally],
    ]) {
      await expect(createApp('express', { imports })).rejects.toMatchObject({
        name: 'CognitoAuthOptionsError',
        problems: [
          '@Permissions() on ReportsController.permissions needs the option "permissions", a hook.',
          '@UserPool() on ReportsController.pool names "customers"; the user pools are "staff".',
        ],
      });
    }
  });

  it('stops the boot when only one of two guards could satisfy it', async () => {
    @Controller('reports')
    class ReportsController {
      @Get()
      @Permissions('staff:read')
      list() {}
    }
    @Module({
      imports: [registration(staff, { ...hooksOf('staff'), ...local })],
      controllers: [ReportsController],
    })
    class ReportsModule {}
    const withoutHooks = registration(staff, { protectAll: true });
    for (const imports of [
      [withoutHooks, ReportsModule],
      [ReportsModule, withoutHooks],
    ]) {
      await expect(createApp('express', { imports })).rejects.toMatchObject({
        problems: [
          '@Permissions() on ReportsController.list needs the option "permissions", a hook.',
        ],
      });
    }
  });

  it('stops the boot where no registration can be seen', async () => {
    const imports = [feature('staff'), registration(staff, local)];
    await expect(createApp('express', { imports })).rejects.toThrow(
      /resolve dependencies of the CognitoGuard.*AccessControl/s,
    );
  });
});
