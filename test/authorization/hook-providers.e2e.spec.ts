import { Controller, Get, Inject, Injectable, Module, Scope } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import {
  Authenticated,
  CognitoAuthModule,
  CurrentUser,
  Groups,
  MemoryRevocationStore,
  Permissions,
} from 'nestjs-cognito-auth';
import type {
  CognitoPrincipal,
  GroupsProvider,
  IdentityResolver,
  PermissionsProvider,
  ProviderOf,
  RevocationStore,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';
import { AccountOfUser, GlobalUsersModule, UsersModule, UsersRepository } from './users.js';
import type { Account } from './users.js';

const ALICE = { status: 200, body: { id: 1, username: 'alice' } };

@Controller()
class AccountController {
  @Get('account')
  @Authenticated()
  account(@CurrentUser() account: Account) {
    return account;
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }, { username: 'eve' }] });
});

const SHAPES: [string, ProviderOf<IdentityResolver>][] = [
  ['a class', AccountOfUser],
  ['useClass', { useClass: AccountOfUser }],
  ['useExisting', { useExisting: AccountOfUser }],
  ['useValue', { useValue: new AccountOfUser(new UsersRepository()) }],
  [
    'useFactory',
    {
      useFactory: (users: UsersRepository) => new AccountOfUser(users),
      inject: [UsersRepository],
    },
  ],
  [
    'useFactory with a promise and an optional dependency',
    {
      useFactory: async (users: UsersRepository, nothing?: unknown) => ({
        resolve: async (principal: CognitoPrincipal) =>
          nothing ?? (await new AccountOfUser(users).resolve(principal)),
      }),
      inject: [UsersRepository, { token: 'NOTHING', optional: true }],
    },
  ],
];

type Imports = ModuleMetadata['imports'];

const REGISTRATIONS = {
  forRoot: (identity: ProviderOf<IdentityResolver>, imports?: Imports) =>
    CognitoAuthModule.forRoot({ ...pool.options(), identity, imports }),
  forRootAsync: (identity: ProviderOf<IdentityResolver>, imports?: Imports) =>
    CognitoAuthModule.forRootAsync({ useFactory: async () => pool.options(), identity, imports }),
};

describe.each(['forRoot', 'forRootAsync'] as const)('A hook in %s()', (method) => {
  const register = REGISTRATIONS[method];

  describe.each(SHAPES)('given as %s', (_, identity) => {
    it.each(ADAPTERS)('injects what an imported module exports, on %s', async (adapter) => {
      const imports = [register(identity, [UsersModule])];
      const app = await startApp(adapter, { imports, controllers: [AccountController] });
      expect(await send(app, '/account', pool.accessToken('alice'))).toMatchObject(ALICE);
      expect(await send(app, '/account', pool.accessToken('eve'))).toMatchObject(
        refused('unknown_user'),
      );
    });

    it.each(ADAPTERS)('injects what a global module exports, on %s', async (adapter) => {
      const imports = [register(identity), GlobalUsersModule];
      const app = await startApp(adapter, { imports, controllers: [AccountController] });
      expect(await send(app, '/account', pool.accessToken('alice'))).toMatchObject(ALICE);
      expect(await send(app, '/account', pool.accessToken('eve'))).toMatchObject(
        refused('unknown_user'),
      );
    });
  });

  it('does not boot without what it injects', async () => {
    const imports = [register(AccountOfUser)];
    await expect(createApp('express', { imports })).rejects.toThrow(
      /resolve dependencies of the .*UsersRepository/s,
    );
  });

  it.each([
    ['useExisting', { useExisting: UsersRepository }],
    ['useValue', { useValue: {} }],
    ['useFactory', { useFactory: () => ({}) }],
  ])('does not boot when %s provides something else', async (_, identity) => {
    const imports = [register(identity as ProviderOf<IdentityResolver>, [UsersModule])];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: ['"identity" must provide an object with resolve(), got another object.'],
    });
  });

  it.each([
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['its class', AccountOfUser, 'function'],
  ])('does not boot when its factory returns %s', async (_, provided, got) => {
    const useFactory = (() => provided) as unknown as () => IdentityResolver;
    const imports = [register({ useFactory })];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      problems: [`"identity" must provide an object with resolve(), got ${got}.`],
    });
  });
});

describe('A hook', () => {
  it.each([
    ['groups', 'groupsOf()'],
    ['permissions', 'permissionsOf()'],
    ['revocation', 'isRevoked() and revoke()'],
  ])('of the kind %s needs %s', async (hook, methods) => {
    const useFactory = () => undefined;
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), [hook]: { useFactory } })];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      problems: [`"${hook}" must provide an object with ${methods}, got undefined.`],
    });
  });

  describe.each(['identity', 'groups', 'permissions', 'revocation'])('%s', (hook) => {
    const registrations = {
      'forRoot()': (given: unknown) =>
        CognitoAuthModule.forRoot({ ...pool.options(), [hook]: given, protectAll: true }),
      'forRootAsync()': (given: unknown) =>
        CognitoAuthModule.forRootAsync({
          useFactory: () => pool.options(),
          [hook]: given,
          protectAll: true,
        }),
    };

    // A class is undefined where modules import each other in a circle.
    it.each([
      ['undefined', undefined, `"${hook}" is undefined; is there a circular import?`],
      ['null', null, `"${hook}" is null; is there a circular import?`],
      ['a class that is undefined', { useClass: undefined }, `"${hook}.useClass" is undefined; is`],
      ['a token that is undefined', { useExisting: undefined }, `"${hook}.useExisting" is undef`],
      ['a value that is null', { useValue: null }, `"${hook}.useValue" is null; is there a circ`],
      ['a factory that is undefined', { useFactory: undefined }, `"${hook}.useFactory" is undef`],
      ['an arrow function', () => true, `"${hook}" must be a class, got a function; without`],
      ['an async function', async () => true, `"${hook}" must be a class, got a function; without`],
      ['useClass with a function', { useClass: () => true }, `"${hook}.useClass" must be a class`],
      ['useFactory with a class name', { useFactory: 'Users' }, `"${hook}.useFactory" must be a f`],
      ['an instance', new (class Users {})(), `"${hook}" must be a class, or an object with "useC`],
      ['text', 'Users', `"${hook}" must be a class, or an object with "useClass"`],
    ])('does not count as absent when it is %s', async (_, given, problem) => {
      for (const register of Object.values(registrations)) {
        // oxlint-disable-next-line no-await-in-loop -- one application after the other
        await expect(createApp('express', { imports: [register(given)] })).rejects.toMatchObject({
          name: 'CognitoAuthOptionsError',
          problems: [expect.stringContaining(problem)],
        });
      }
    });
  });

  it('that is written as a function and not as a class is no class', async () => {
    function resolve(this: unknown, { sub }: CognitoPrincipal) {
      return { sub };
    }
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), identity: resolve as never })];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      problems: [
        '"identity" must be a class, got a function; without a class write { useValue: { resolve: … } }.',
      ],
    });
  });

  it('may be a class that was compiled to a function', async () => {
    function Accounts(this: object) {
      Reflect.set(this, 'compiled', true);
    }
    Accounts.prototype.resolve = () => ({ id: 3 });
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), identity: Accounts as never })];
    const app = await startApp('express', { imports, controllers: [AccountController] });
    expect(await send(app, '/account', pool.accessToken('alice'))).toMatchObject({
      body: { id: 3 },
    });
  });

  it('that is wrong is listed with the other wrong options', async () => {
    const options = { ...pool.options(), clockTolerance: -1, identity: null, groups: undefined };
    const imports = [CognitoAuthModule.forRoot(options as never)];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      problems: [
        expect.stringContaining('"identity" is null'),
        expect.stringContaining('"groups" is undefined'),
        expect.stringContaining('"clockTolerance" must be'),
      ],
    });
  });

  it('may be provided by an abstract class', async () => {
    abstract class Accounts {
      abstract resolve(principal: CognitoPrincipal): Promise<Account | null>;
    }
    @Module({
      providers: [{ provide: Accounts, useValue: { resolve: () => ({ id: 7 }) } }],
      exports: [Accounts],
    })
    class AccountsModule {}
    const identity = { useExisting: Accounts };
    const options = { ...pool.options(), identity, imports: [AccountsModule] };
    const imports = [CognitoAuthModule.forRoot(options)];
    const app = await startApp('express', { imports, controllers: [AccountController] });
    expect(await send(app, '/account', pool.accessToken('alice'))).toMatchObject({
      body: { id: 7 },
    });
  });

  it('lives as long as the application: a request-scoped one does not boot', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class AccountOfRequest extends AccountOfUser {}
    @Injectable()
    class GroupsOfRequest implements GroupsProvider {
      constructor(@Inject(AccountOfRequest) private readonly accounts: AccountOfRequest) {}

      groupsOf() {
        return Object.keys(this.accounts);
      }
    }
    @Module({
      imports: [UsersModule],
      providers: [AccountOfRequest],
      exports: [AccountOfRequest],
    })
    class RequestModule {}
    const options = {
      ...pool.options(),
      imports: [RequestModule],
      identity: { useExisting: AccountOfRequest },
      groups: GroupsOfRequest,
      permissions: { useValue: { permissionsOf: () => [] } },
    };
    const imports = [CognitoAuthModule.forRoot(options)];
    const scoped =
      'is request-scoped, or injects something that is; it lives as long as the application and finds the request in its arguments.';
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: [`The hook "identity" ${scoped}`, `The hook "groups" ${scoped}`],
      message: expect.stringMatching(
        /\nRequest-scoped: AccountOfRequest; AccountOfRequest, through GroupsOfRequest$/,
      ),
    });
  });
});

describe.each(ADAPTERS)('All hooks together on %s', (adapter) => {
  it('inject what they need, and each serves its purpose', async () => {
    @Injectable()
    class GroupsOfAccount implements GroupsProvider {
      constructor(private readonly users: UsersRepository) {}

      async groupsOf(principal: CognitoPrincipal) {
        const account = await this.users.find(principal.kind === 'user' ? principal.username : '');
        return account ? [`team-${account.id}`] : [];
      }
    }

    @Injectable()
    class PermissionsOfAccount implements PermissionsProvider<Account> {
      constructor(private readonly users: UsersRepository) {}

      async permissionsOf(principal: CognitoPrincipal, account: Account) {
        const found = await this.users.find(account.username);
        return found && principal.groups.includes('team-1') ? ['orders:read'] : [];
      }
    }

    @Injectable()
    class RevokedAccounts extends MemoryRevocationStore implements RevocationStore {
      constructor(readonly users: UsersRepository) {
        super();
      }
    }

    @Controller()
    class OrdersController {
      @Get('orders')
      @Groups('team-1')
      @Permissions('orders:read')
      orders(@CurrentUser<Account>('id') id: number) {
        return { id };
      }
    }

    const options = {
      ...pool.options(),
      imports: [UsersModule],
      identity: AccountOfUser,
      groups: GroupsOfAccount,
      permissions: PermissionsOfAccount,
      revocation: RevokedAccounts,
    };
    const imports = [CognitoAuthModule.forRoot(options)];
    const app = await startApp(adapter, { imports, controllers: [OrdersController] });
    expect(await send(app, '/orders', pool.accessToken('alice'))).toMatchObject({
      status: 200,
      body: { id: 1 },
    });
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  });
});
