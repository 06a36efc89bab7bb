import { Controller, Get, Injectable, Module, Param, Scope, UseGuards } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { Check, CognitoAuthModule, CognitoGuard, Groups, OptionalAuth } from 'nestjs-cognito-auth';
import type { AccessCheck, AccessPolicy, CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { refused } from './refused.js';
import { AccountOfUser, GlobalUsersModule, UsersModule, UsersRepository } from './users.js';
import type { Account } from './users.js';

const OK = { status: 200 };
const NO = 'The caller does not pass a check of this route';

let pool: LocalUserPool;
const asked: string[] = [];

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
});

beforeEach(() => {
  asked.length = 0;
});

const isAlice: AccessPolicy = (principal) =>
  principal.kind === 'user' && principal.username === 'alice';

/** A policy that answers this, and notes that it was asked. */
function answering(name: string, answer: unknown): AccessPolicy {
  return () => {
    asked.push(name);
    return answer as boolean;
  };
}

/** An application with one controller. */
function startWith(adapter: Adapter, controller: new () => unknown) {
  const module = CognitoAuthModule.forRoot(pool.options());
  return startApp(adapter, { imports: [module, GlobalUsersModule], controllers: [controller] });
}

describe.each(ADAPTERS)('@Check() on %s', (adapter) => {
  it.each<[string, AccessPolicy]>([
    ['an arrow function', (principal) => isAlice(principal, undefined as never)],
    ['an async arrow function', async (principal) => isAlice(principal, undefined as never)],
    [
      'a function',
      function check(principal) {
        return isAlice(principal, undefined as never);
      },
    ],
    [
      'an async function',
      async function check(principal) {
        return isAlice(principal, undefined as never);
      },
    ],
    ['a bound function', isAlice.bind(null)],
    ['a method', { check: isAlice }.check],
  ])('takes %s', async (_, policy) => {
    @Controller()
    class OneController {
      @Get()
      @Check(policy)
      one() {
        return {};
      }
    }
    const app = await startWith(adapter, OneController);
    expect(await send(app, '/', pool.accessToken('alice'))).toMatchObject(OK);
    expect(await send(app, '/', pool.accessToken('bob'))).toMatchObject(
      refused('check_failed', NO),
    );
    expect(await send(app, '/')).toMatchObject(refusal('missing_token'));
  });

  it.each([false, undefined, null, 0, 1, '', 'yes', {}, [], () => true])(
    'refuses when the policy answers %o',
    async (answer) => {
      @Controller()
      class OneController {
        @Get('now')
        @Check(answering('now', answer))
        now() {
          return {};
        }

        @Get('later')
        @Check(async () => answer as boolean)
        later() {
          return {};
        }
      }
      const app = await startWith(adapter, OneController);
      for (const path of ['/now', '/later']) {
        expect(await send(app, path, pool.accessToken('alice'))).toMatchObject(
          refused('check_failed', NO),
        );
      }
    },
  );

  it('tells the client what the check says', async () => {
    class PaidPlan implements AccessCheck {
      readonly message = 'This needs a paid plan';

      check() {
        return false;
      }
    }
    @Controller()
    class MessagesController {
      @Get('function')
      @Check(() => false, 'Only on Sundays')
      ofFunction() {
        return {};
      }

      @Get('class')
      @Check(PaidPlan)
      ofClass() {
        return {};
      }

      @Get('route')
      @Check(PaidPlan, 'Invoices need a paid plan')
      ofRoute() {
        return {};
      }
    }
    const app = await startWith(adapter, MessagesController);
    const token = pool.accessToken('alice');
    expect(await send(app, '/function', token)).toMatchObject(
      refused('check_failed', 'Only on Sundays'),
    );
    expect(await send(app, '/class', token)).toMatchObject(
      refused('check_failed', 'This needs a paid plan'),
    );
    expect(await send(app, '/route', token)).toMatchObject(
      refused('check_failed', 'Invoices need a paid plan'),
    );
  });

  it('keeps a header well-formed whatever the message is', async () => {
    const message = 'Nur für "Gold"\r\nSet-Cookie: a=b';
    @Controller()
    class MessagesController {
      @Get()
      @Check(() => false, message)
      one() {
        return {};
      }
    }
    const app = await startWith(adapter, MessagesController);
    const answer = await send(app, '/', pool.accessToken('alice'));
    expect(answer).toMatchObject({ status: 403, body: { code: 'check_failed', message } });
    expect(answer.challenge).toBe('Bearer realm="api"');
    expect(answer.headers).not.toHaveProperty('set-cookie');
  });

  it('must hold each time it is written, and the first refusal counts', async () => {
    @Controller()
    class SeveralController {
      @Get('both')
      @Check(answering('first', true))
      @Check(answering('second', true))
      both() {
        return {};
      }

      @Get('second')
      @Check(answering('first', true), 'first')
      @Check(answering('second', false), 'second')
      @Check(answering('third', false), 'third')
      second() {
        return {};
      }
    }
    const app = await startWith(adapter, SeveralController);
    const token = pool.accessToken('alice');
    expect(await send(app, '/both', token)).toMatchObject(OK);
    expect(asked.splice(0)).toEqual(['first', 'second']);
    expect(await send(app, '/second', token)).toMatchObject(refused('check_failed', 'second'));
    expect(asked).toEqual(['first', 'second']);
  });

  it('on a method replaces those on its class', async () => {
    @Controller()
    @Check(answering('class', false), 'class')
    class OnClassController {
      @Get('inherited')
      inherited() {
        return {};
      }

      @Get('replaced')
      @Check(answering('method', true))
      replaced() {
        return {};
      }
    }
    const app = await startWith(adapter, OnClassController);
    const token = pool.accessToken('alice');
    expect(await send(app, '/inherited', token)).toMatchObject(refused('check_failed', 'class'));
    expect(await send(app, '/replaced', token)).toMatchObject(OK);
    expect(asked).toEqual(['class', 'method']);
  });

  it('is made once per request, however many guards run, and anew for the next one', async () => {
    @Controller()
    @Check(() => false)
    class SeveralGuardsController {
      @Get()
      @UseGuards(CognitoGuard)
      @Check(answering('check', true))
      one() {
        return {};
      }
    }
    const module = CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true });
    const app = await startApp(adapter, {
      imports: [module],
      controllers: [SeveralGuardsController],
    });
    const token = pool.accessToken('alice');
    for (let request = 1; request <= 3; request += 1) {
      expect(await send(app, '/', token)).toMatchObject(OK);
      expect(asked).toHaveLength(request);
    }
  });

  it('comes after the other rules, and not for guests', async () => {
    @Controller()
    @Check(answering('class', false))
    class OthersController {
      @Get('admin')
      @Groups('admin')
      @Check(answering('admin', true))
      admin() {
        return {};
      }

      @Get('optional')
      @OptionalAuth()
      optional() {
        return {};
      }
    }
    const app = await startWith(adapter, OthersController);
    expect(await send(app, '/admin', pool.accessToken('bob'))).toMatchObject(
      refusal('insufficient_group'),
    );
    expect(await send(app, '/optional')).toMatchObject(OK);
    expect(asked).toEqual([]);
    expect(await send(app, '/optional', pool.accessToken('bob'))).toMatchObject(
      refused('check_failed'),
    );
  });

  it('sees the principal, the user on the request, and the request', async () => {
    const ownsAccount: AccessPolicy = (principal: CognitoPrincipal, context: ExecutionContext) => {
      const { user, params } = context
        .switchToHttp()
        .getRequest<{ user: Account; params: { id: string } }>();
      return principal.kind === 'user' && user.id === Number(params.id);
    };
    @Controller('accounts')
    class AccountsController {
      @Get(':id')
      @Check(ownsAccount, 'This is the account of somebody else')
      account(@Param('id') id: string) {
        return { id };
      }
    }
    const options = { ...pool.options(), identity: AccountOfUser, imports: [UsersModule] };
    const imports = [CognitoAuthModule.forRoot(options)];
    const app = await startApp(adapter, { imports, controllers: [AccountsController] });
    expect(await send(app, '/accounts/2', pool.accessToken('bob'))).toMatchObject(OK);
    expect(await send(app, '/accounts/1', pool.accessToken('bob'))).toMatchObject(
      refused('check_failed', 'This is the account of somebody else'),
    );
  });
});

describe.each(ADAPTERS)('A class of @Check() on %s', (adapter) => {
  let created: number;

  beforeEach(() => {
    created = 0;
  });

  @Injectable()
  class IsFirstAccount implements AccessCheck {
    constructor(private readonly users: UsersRepository) {
      created += 1;
    }

    async check(principal: CognitoPrincipal) {
      const account = await this.users.find(principal.kind === 'user' ? principal.username : '');
      return account?.id === 1;
    }
  }

  @Controller()
  class AccountsController {
    @Get('one')
    @Check(IsFirstAccount)
    one() {
      return {};
    }

    @Get('another')
    @Check(IsFirstAccount)
    another() {
      return {};
    }
  }

  it('is the one that a module provides', async () => {
    @Module({
      imports: [UsersModule],
      providers: [IsFirstAccount],
      controllers: [AccountsController],
    })
    class AccountsModule {}
    const imports = [CognitoAuthModule.forRoot(pool.options()), AccountsModule];
    const app = await startApp(adapter, { imports });
    expect(created).toBe(1);
    for (const path of ['/one', '/another', '/one']) {
      expect(await send(app, path, pool.accessToken('alice'))).toMatchObject(OK);
      expect(await send(app, path, pool.accessToken('bob'))).toMatchObject(refused('check_failed'));
    }
    expect(created).toBe(1);
  });

  it('is created once, at the boot, when no module provides it', async () => {
    const app = await startWith(adapter, AccountsController);
    expect(created).toBe(1);
    for (const path of ['/one', '/another', '/one']) {
      expect(await send(app, path, pool.accessToken('alice'))).toMatchObject(OK);
      expect(await send(app, path, pool.accessToken('bob'))).toMatchObject(refused('check_failed'));
    }
    expect(created).toBe(1);
  });

  it('may have its method as a property, or inherit it', async () => {
    class AsProperty implements AccessCheck {
      private readonly name = 'alice';
      check = async (principal: CognitoPrincipal) =>
        principal.kind === 'user' && principal.username === this.name;
    }
    class Inherited extends IsFirstAccount {}
    @Controller()
    class FormsController {
      @Get('property')
      @Check(AsProperty)
      property() {
        return {};
      }

      @Get('inherited')
      @Check(Inherited)
      inherited() {
        return {};
      }
    }
    const app = await startWith(adapter, FormsController);
    for (const path of ['/property', '/inherited']) {
      expect(await send(app, path, pool.accessToken('alice'))).toMatchObject(OK);
      expect(await send(app, path, pool.accessToken('bob'))).toMatchObject(refused('check_failed'));
    }
  });
});

describe('A class of @Check()', () => {
  const bootWith = (controller: new () => unknown, metadata: object = {}) => {
    const imports = [CognitoAuthModule.forRoot(pool.options())];
    return createApp('express', { imports, controllers: [controller], ...metadata });
  };

  it('stops the boot when it injects what there is not', async () => {
    @Injectable()
    class NeedsUsers implements AccessCheck {
      constructor(readonly users: UsersRepository) {}

      check() {
        return true;
      }
    }
    @Controller()
    class OneController {
      @Get()
      @Check(NeedsUsers)
      one() {
        return {};
      }
    }
    await expect(bootWith(OneController)).rejects.toThrow(/resolve dependencies of the NeedsUsers/);
  });

  it('stops the boot when it has no method check()', async () => {
    class Empty {}
    @Controller()
    class OneController {
      @Get()
      @Check(Empty as never)
      one() {
        return {};
      }
    }
    await expect(bootWith(OneController)).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: ['@Check(Empty) needs a class with a method check().'],
    });
  });

  it('lives as long as the application: a request-scoped one stops the boot', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class OfRequest implements AccessCheck {
      check() {
        return true;
      }
    }
    @Controller()
    class OneController {
      @Get()
      @Check(OfRequest)
      one() {
        return {};
      }
    }
    await expect(bootWith(OneController, { providers: [OfRequest] })).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^@Check\(OfRequest\) on OneController.one is request-scoped/),
      ],
    });
  });
});
