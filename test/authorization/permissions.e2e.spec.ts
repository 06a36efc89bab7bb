import { Controller, Get, Injectable, Scope, SetMetadata } from '@nestjs/common';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoGuard,
  Groups,
  OptionalAuth,
  Permissions,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, PermissionsProvider } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';

interface Account {
  id: number;
}

@Controller('orders')
class OrdersController {
  @Get('read')
  @Permissions('orders:read')
  read() {
    return {};
  }

  @Get('both')
  @Permissions('orders:read', 'orders:write')
  both() {
    return {};
  }

  @Get('group')
  @Groups('admin')
  @Permissions('orders:read')
  group() {
    return {};
  }

  @Get('without')
  @Authenticated()
  without() {
    return {};
  }
}

@Controller('class')
@Permissions('orders:read')
class PermissionsOnClassController {
  @Get('inherited')
  @Authenticated()
  inherited() {
    return {};
  }

  @Get('replaced')
  @Permissions('orders:write')
  replaced() {
    return {};
  }

  @Get('optional')
  @OptionalAuth()
  optional() {
    return {};
  }
}

const OK = { status: 200 };
const LACKING = refused(
  'insufficient_permission',
  'The caller does not have the permissions that this route asks for',
);

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }, { username: 'carol' }],
  });
});

describe.each(ADAPTERS)('@Permissions() on %s', (adapter) => {
  let calls: [CognitoPrincipal, Account][];
  let app: INestApplication;

  const permissions: PermissionsProvider<Account> = {
    permissionsOf: async (principal, account) => {
      calls.push([principal, account]);
      return [[], ['orders:read', 'orders:write', 'Orders:All'], ['orders:read']][account.id] ?? [];
    },
  };

  beforeAll(async () => {
    const ids: Record<string, number> = { alice: 1, bob: 2 };
    const resolve = (principal: CognitoPrincipal) => ({
      id: principal.kind === 'user' ? (ids[principal.username] ?? 0) : 0,
    });
    const module = CognitoAuthModule.forRoot({
      ...pool.options(),
      identity: { useValue: { resolve } },
      permissions: { useValue: permissions },
      protectAll: true,
    });
    const controllers = [OrdersController, PermissionsOnClassController];
    app = await createApp(adapter, { imports: [module], controllers });
  });

  beforeEach(() => {
    calls = [];
  });

  afterAll(() => app.close());

  // alice may read and write, bob may read, carol may nothing.
  it.each([
    ['/orders/read', { alice: OK, bob: OK, carol: LACKING }],
    ['/orders/both', { alice: OK, bob: LACKING, carol: LACKING }],
    ['/class/inherited', { alice: OK, bob: OK, carol: LACKING }],
    ['/class/replaced', { alice: OK, bob: LACKING, carol: LACKING }],
    ['/class/optional', { alice: OK, bob: OK, carol: LACKING }],
  ])('asks the hook about %s', async (path, outcomes) => {
    for (const [username, outcome] of Object.entries(outcomes)) {
      expect(await send(app, path, pool.accessToken(username))).toMatchObject(outcome);
    }
  });

  it('hands the hook the principal and the user', async () => {
    await send(app, '/orders/read', pool.accessToken('bob'));
    expect(calls).toEqual([
      [expect.objectContaining({ kind: 'user', username: 'bob' }), { id: 2 }],
    ]);
  });

  it('asks once per request, however many guards run, and anew for the next one', async () => {
    const token = pool.accessToken('alice');
    for (let request = 1; request <= 3; request += 1) {
      expect(await send(app, '/class/inherited', token)).toMatchObject(OK);
      expect(calls).toHaveLength(request);
    }
  });

  it('asks nothing for routes without it, nor for callers who fail before', async () => {
    expect(await send(app, '/orders/without', pool.accessToken('carol'))).toMatchObject(OK);
    expect(await send(app, '/orders/group', pool.accessToken('bob'))).toMatchObject(
      refusal('insufficient_group'),
    );
    expect(await send(app, '/orders/read')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/class/optional')).toMatchObject(OK);
    expect(calls).toEqual([]);
  });
});

describe('@Permissions() without the hook', () => {
  const bootWith = (metadata: ModuleMetadata) =>
    createApp('express', { imports: [CognitoAuthModule.forRoot(pool.options())], ...metadata });
  const needed = (route: string) =>
    `@Permissions() on ${route} needs the option "permissions", a hook.`;

  it('stops the boot and names every route', async () => {
    const controllers = [OrdersController, PermissionsOnClassController];
    await expect(bootWith({ controllers })).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: [
        needed('OrdersController.read'),
        needed('OrdersController.both'),
        needed('OrdersController.group'),
        needed('PermissionsOnClassController.inherited'),
        needed('PermissionsOnClassController.replaced'),
        needed('PermissionsOnClassController.optional'),
      ],
    });
  });

  it('stops the boot with asynchronous options, too', async () => {
    const imports = [CognitoAuthModule.forRootAsync({ useFactory: () => pool.options() })];
    await expect(bootWith({ imports, controllers: [OrdersController] })).rejects.toThrow(
      needed('OrdersController.read'),
    );
  });

  it('stops the boot for a route that a controller inherits', async () => {
    abstract class ReadsController {
      @Get('read')
      @Permissions('orders:read')
      read() {
        return {};
      }
    }
    @Controller('invoices')
    class InvoicesController extends ReadsController {}
    await expect(bootWith({ controllers: [InvoicesController] })).rejects.toMatchObject({
      problems: [needed('InvoicesController.read')],
    });
  });

  it('stops the boot though the guard is created for each request', async () => {
    const providers = [{ provide: APP_GUARD, useClass: CognitoGuard, scope: Scope.REQUEST }];
    @Controller('reports')
    class ReportsController {
      @Get()
      @Permissions('reports:read')
      list() {
        return {};
      }
    }
    await expect(bootWith({ controllers: [ReportsController], providers })).rejects.toMatchObject({
      problems: [needed('ReportsController.list')],
    });
  });

  it('stops the boot for the handlers of a provider, as gateways and resolvers are', async () => {
    @Injectable()
    class OrdersGateway {
      @SetMetadata('websockets:message_mapping', true)
      @Permissions('orders:read')
      read() {
        return {};
      }
    }
    await expect(bootWith({ providers: [OrdersGateway] })).rejects.toMatchObject({
      problems: [needed('OrdersGateway.read')],
    });
  });
});
