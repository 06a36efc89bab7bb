import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext, ModuleMetadata, Type } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  Authenticated,
  Claims,
  CognitoAuthModule,
  CognitoGuard,
  CurrentUser,
  Groups,
  OptionalAuth,
  Principal,
  Public,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoAuthExtras, CognitoPrincipal, IdentityResolver } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { of } from 'rxjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';

class Account {
  constructor(
    readonly id: number,
    readonly username: string,
  ) {}

  /** As entities of database libraries have it: a getter of the class, not a member. */
  get greeting() {
    return `Hello, ${this.username}`;
  }
}

/** What a guard of the application found on the request. */
const seen: unknown[] = [];

class NotesUser implements CanActivate {
  constructor(private readonly place: string) {}

  canActivate(context: ExecutionContext) {
    const { user } = context.switchToHttp().getRequest<{ user?: Account }>();
    seen.push([this.place, user?.username]);
    return true;
  }
}

@Controller('accounts')
@UseGuards(CognitoGuard, new NotesUser('class'))
class AccountsController {
  @Get('me')
  @Groups('admin')
  @UseGuards(new NotesUser('method'))
  me(
    @CurrentUser() account: Account,
    @CurrentUser<Account>('id') id: number,
    @CurrentUser<Account>('greeting') greeting: string,
  ) {
    return { account, id, greeting };
  }

  @Get('token')
  @Authenticated()
  token(@Principal() principal: CognitoPrincipal, @Claims('sub') sub: string) {
    return { kind: principal.kind, isSame: principal.sub === sub };
  }

  @Get('optional')
  @OptionalAuth()
  optional(@CurrentUser() account?: Account) {
    return { username: account?.username ?? 'anonymous' };
  }

  @Get('public')
  @Public()
  public(@CurrentUser() account?: Account) {
    return { username: account?.username ?? 'anonymous' };
  }

  @Get('id-tokens')
  @TokenUse('id')
  idTokens(@CurrentUser() account: Account) {
    return account;
  }
}

let pool: LocalUserPool;
let calls: CognitoPrincipal[];

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [
      { username: 'alice', groups: ['admin'] },
      { username: 'bob', groups: ['admin'] },
      { username: 'carol' },
      { username: 'eve' },
    ],
  });
});

beforeEach(() => {
  seen.length = 0;
  calls = [];
});

@Injectable()
class AccountOf implements IdentityResolver<Account> {
  resolve(principal: CognitoPrincipal) {
    calls.push(principal);
    const username = principal.kind === 'user' ? principal.username : 'a machine';
    return username === 'eve' ? null : new Account(username.length, username);
  }
}

function startWith(
  adapter: Adapter,
  extras: CognitoAuthExtras & { property?: string },
  metadata: ModuleMetadata = {},
  configure?: Parameters<typeof startApp>[2],
) {
  const imports = [CognitoAuthModule.forRoot({ ...pool.options(), ...extras })];
  return startApp(adapter, { controllers: [AccountsController], ...metadata, imports }, configure);
}

describe.each(ADAPTERS)('The identity hook on %s', (adapter) => {
  const start = (metadata?: ModuleMetadata, configure?: Parameters<typeof startApp>[2]) =>
    startWith(adapter, { identity: AccountOf }, metadata, configure);

  it('makes the current user, whole or by a property of its class', async () => {
    const app = await start();
    expect(await send(app, '/accounts/me', pool.accessToken('alice'))).toMatchObject({
      status: 200,
      body: { account: { id: 5, username: 'alice' }, id: 5, greeting: 'Hello, alice' },
    });
  });

  it('leaves the principal and its claims as they are', async () => {
    const app = await start();
    expect(await send(app, '/accounts/token', pool.accessToken('alice'))).toMatchObject({
      status: 200,
      body: { kind: 'user', isSame: true },
    });
  });

  it('puts the user on the request before the guards beside the guard run', async () => {
    const app = await start();
    await send(app, '/accounts/me', pool.accessToken('alice'));
    expect(seen).toEqual([
      ['class', 'alice'],
      ['method', 'alice'],
    ]);
  });

  it('puts the user on the request before global guards run, when every route is protected', async () => {
    const app = await startWith(
      adapter,
      { identity: AccountOf, protectAll: true },
      {},
      { configure: (nest) => nest.useGlobalGuards(new NotesUser('global')) },
    );
    await send(app, '/accounts/me', pool.accessToken('alice'));
    expect(seen).toEqual([
      ['global', 'alice'],
      ['class', 'alice'],
      ['method', 'alice'],
    ]);
    expect(calls).toHaveLength(1);
  });

  it('puts the user on the request before the global guards of modules that are listed after ours', async () => {
    const providers = [
      { provide: APP_GUARD, useExisting: CognitoGuard },
      { provide: APP_GUARD, useValue: new NotesUser('global') },
    ];
    const app = await start({ providers });
    await send(app, '/accounts/me', pool.accessToken('alice'));
    expect(seen[0]).toEqual(['global', 'alice']);
    expect(calls).toHaveLength(1);
  });

  it('puts the user where the options say', async () => {
    const places: unknown[] = [];
    @Controller()
    class PlacesController {
      @Get('place')
      @Authenticated()
      @UseGuards({
        canActivate: (context: ExecutionContext) => {
          const { user, account } = context.switchToHttp().getRequest<Record<string, Account>>();
          return places.push(user, account?.username) > 0;
        },
      })
      place(@CurrentUser('username') username: string) {
        return { username };
      }
    }
    const extras = { identity: AccountOf, property: 'account' };
    const app = await startWith(adapter, extras, { controllers: [PlacesController] });
    expect(await send(app, '/place', pool.accessToken('alice'))).toMatchObject({
      body: { username: 'alice' },
    });
    expect(places).toEqual([undefined, 'alice']);
  });

  it('runs once per request, however many guards run and though the token is remembered', async () => {
    const app = await start();
    const token = pool.accessToken('alice');
    for (let request = 1; request <= 3; request += 1) {
      expect(await send(app, '/accounts/me', token)).toMatchObject({ status: 200 });
      expect(calls).toHaveLength(request);
    }
  });

  it('keeps concurrent requests apart', async () => {
    let release: (() => void) | undefined;
    const bothAreHere = new Promise<void>((resolve) => {
      release = resolve;
    });
    const identity = {
      useValue: {
        resolve: async (principal: CognitoPrincipal) => {
          if (calls.push(principal) === 4) release?.();
          await bothAreHere;
          return principal.kind === 'user' ? new Account(calls.length, principal.username) : null;
        },
      },
    };
    const app = await startWith(adapter, { identity });
    // Twice the same token: a user is not shared between requests of the same sender either.
    const names = ['alice', 'bob', 'alice', 'bob'];
    const tokens = new Map(names.map((name) => [name, pool.accessToken(name)]));
    const answers = await Promise.all(
      names.map((name) => send(app, '/accounts/me', tokens.get(name))),
    );
    expect(answers.map(({ body }) => (body as { account: Account }).account.username)).toEqual(
      names,
    );
    expect(calls).toHaveLength(4);
  });

  it.each([null, undefined, false])(
    'refuses whom it does not know (%s), whatever the rules',
    async (nobody) => {
      const identity = { useValue: { resolve: () => nobody as null } };
      const app = await startWith(adapter, { identity });
      for (const path of ['/accounts/me', '/accounts/token', '/accounts/optional']) {
        expect(await send(app, path, pool.accessToken('carol'))).toMatchObject(
          refused('unknown_user', 'The caller is not known to this application'),
        );
      }
      expect(seen).toEqual([]);
    },
  );

  it.each<[string, unknown]>([
    ['true', true],
    ['an empty text', ''],
    ['0', 0],
    ['-0', -0],
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['a big integer', 0n],
    ['a symbol', Symbol('user')],
    ['a function', () => ({ id: 1 })],
    ['a class', Account],
    ['an Observable', of({ id: 1 })],
    ['what promises true otherwise', promiseLike(true)],
  ])('answers 503 where it returns what cannot be a user: %s', async (_, answer) => {
    for (const resolve of [() => answer as object, async () => answer as object]) {
      const app = await startWith(adapter, { identity: { useValue: { resolve } } });
      for (const path of ['/accounts/me', '/accounts/optional']) {
        expect(await send(app, path, pool.accessToken('carol'))).toMatchObject(
          refused('hook_failed'),
        );
      }
    }
    expect(seen).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ['an object', () => ({ username: 'carol' })],
    ['an object of no class', () => Object.assign(Object.create(null), { username: 'carol' })],
    ['what is promised otherwise', () => promiseLike({})],
    ['a text', () => 'carol'],
    ['a number', () => 7],
    ['a negative number', () => -1],
  ])('may return %s', async (_, resolve) => {
    const identity = { useValue: { resolve: resolve as () => object } };
    const app = await startWith(adapter, { identity });
    expect(await send(app, '/accounts/token', pool.accessToken('carol'))).toMatchObject({
      status: 200,
    });
  });

  it('runs before the rules', async () => {
    const app = await start();
    expect(await send(app, '/accounts/me', pool.accessToken('eve'))).toMatchObject(
      refused('unknown_user'),
    );
    expect(await send(app, '/accounts/me', pool.accessToken('carol'))).toMatchObject(
      refusal('insufficient_group'),
    );
    expect(calls).toHaveLength(2);
  });

  it('is not asked about tokens that the route does not accept, nor without a token', async () => {
    const app = await start();
    const token = pool.accessToken('alice');
    expect(await send(app, '/accounts/id-tokens', token)).toMatchObject(refusal('wrong_token_use'));
    expect(await send(app, '/accounts/me')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/accounts/me', pool.forgedToken())).toMatchObject(
      refusal('invalid_signature'),
    );
    expect(await send(app, '/accounts/optional')).toMatchObject({
      body: { username: 'anonymous' },
    });
    expect(await send(app, '/accounts/public', token)).toMatchObject({
      body: { username: 'anonymous' },
    });
    expect(calls).toEqual([]);
    expect(await send(app, '/accounts/optional', token)).toMatchObject({
      body: { username: 'alice' },
    });
    expect(calls).toHaveLength(1);
  });

  it('is asked about machines, too', async () => {
    const app = await start();
    expect(await send(app, '/accounts/optional', pool.clientToken())).toMatchObject({
      body: { username: 'a machine' },
    });
  });

  it('sees the request, the handler and the controller', async () => {
    const contexts: ExecutionContext[] = [];
    const identity: Type<IdentityResolver> = class {
      resolve(principal: CognitoPrincipal, context: ExecutionContext) {
        contexts.push(context);
        const { headers } = context.switchToHttp().getRequest<{ headers: { 'x-team': string } }>();
        return new Account(0, headers['x-team']);
      }
    };
    const app = await startWith(adapter, { identity });
    const headers = { 'x-team': 'red' };
    const token = pool.accessToken('alice');
    expect(await send(app, '/accounts/optional', token, { headers })).toMatchObject({
      body: { username: 'red' },
    });
    expect(contexts.map((context) => [context.getClass(), context.getHandler().name])).toEqual([
      [AccountsController, 'optional'],
    ]);
  });
});

/** A promise as other libraries make them. */
function promiseLike(answer: unknown): object {
  // oxlint-disable-next-line unicorn/no-thenable -- what is tested
  return { then: (done: (answered: unknown) => void) => done(answer) };
}
