import 'reflect-metadata';
import { UseGuards } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { describe, expect, it } from 'vitest';
import { CognitoGuard } from './cognito.guard.js';
import { accessRulesOf } from './rule-metadata.js';
import {
  Authenticated,
  ClientsOnly,
  Groups,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
  TokenUse,
  UserPool,
  UsersOnly,
} from './rule.decorators.js';

class OtherGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

class StricterGuard extends CognitoGuard {}

/** What puts another function in the place of a method, which keeps nothing of it. */
function Wrapped(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = function wrapper(this: unknown, ...args: unknown[]) {
      return method.apply(this, args);
    };
  };
}

/** What a decorator, on the one method of a class, makes of its rules. */
function rulesBy(decorator: MethodDecorator) {
  class Orders {
    @decorator
    list() {}
  }
  return rulesOfList(Orders);
}

function rulesOfList(controller: new () => { list(): void }) {
  return accessRulesOf(methodOf(controller, 'list'), controller);
}

/** The guards that Nest runs for a class, or for one method of it. */
function guardsOf(controller: new () => object, method?: string): unknown {
  return Reflect.getMetadata(GUARDS_METADATA, method ? methodOf(controller, method) : controller);
}

function methodOf(controller: new () => object, name: string) {
  return Reflect.get(controller.prototype as object, name) as () => void;
}

describe('A rule decorator', () => {
  it.each([
    ['@Authenticated()', Authenticated(), {}],
    ['@Groups()', Groups('a', 'b'), { groups: { any: ['a', 'b'] } }],
    ['@Groups({})', Groups({ any: ['a'], none: ['b'] }), { groups: { any: ['a'], none: ['b'] } }],
    ['@Scopes()', Scopes('a/b', 'c'), { scopes: { all: ['a/b', 'c'] } }],
    ['@Scopes({})', Scopes({ any: ['a'], all: ['b'] }), { scopes: { any: ['a'], all: ['b'] } }],
    ['@TokenUse()', TokenUse('id', 'access'), { tokenUse: ['id', 'access'] }],
    ['@UsersOnly()', UsersOnly(), { principal: 'user' }],
    ['@ClientsOnly()', ClientsOnly(), { principal: 'client' }],
  ])('%s sets its rule', (_, decorator, rules) => {
    expect(rulesBy(decorator)).toEqual({ mode: 'required', ...rules });
  });

  it('takes a list that is undefined as one that is not given', () => {
    expect(rulesBy(Groups({ any: ['a'], all: undefined })).groups).toEqual({ any: ['a'] });
  });

  it('keeps what it was given, whatever becomes of the list', () => {
    const all = ['admin'];
    const decorator = Groups({ all });
    all.pop();
    expect(rulesBy(decorator).groups).toEqual({ all: ['admin'] });
  });

  it.each([
    Authenticated(),
    Groups('a'),
    Scopes('a'),
    TokenUse('id'),
    UsersOnly(),
    ClientsOnly(),
    OptionalAuth(),
  ])('brings the guard with it, on a method and on a class', (decorator) => {
    @decorator
    class OnClass {}

    class OnMethod {
      @decorator
      list() {}
    }
    expect(guardsOf(OnClass)).toEqual([CognitoGuard]);
    expect(guardsOf(OnMethod, 'list')).toEqual([CognitoGuard]);
    expect(guardsOf(OnMethod)).toBeUndefined();
  });

  it('leaves guards alone when it is @Public()', () => {
    class Status {
      @Public()
      status() {}
    }
    expect(rulesBy(Public())).toEqual({ mode: 'public' });
    expect(guardsOf(Status, 'status')).toBeUndefined();
  });
});

describe('The guards beside a rule decorator', () => {
  class Orders {
    @Groups('a')
    @UseGuards(OtherGuard)
    ruleAbove() {}

    @UseGuards(OtherGuard)
    @Groups('a')
    ruleBelow() {}

    @UseGuards(CognitoGuard, OtherGuard)
    @Groups('a')
    named() {}

    @Groups('a')
    @UseGuards(OtherGuard, CognitoGuard)
    namedLast() {}

    @Groups('a')
    @Scopes('b')
    @UsersOnly()
    severalRules() {}

    @Groups('a')
    @UseGuards(StricterGuard)
    subclass() {}
  }

  it.each(['ruleAbove', 'ruleBelow'])('come after ours (%s)', (name) => {
    expect(guardsOf(Orders, name)).toEqual([CognitoGuard, OtherGuard]);
  });

  it('keep the order in which they are named when ours is among them', () => {
    expect(guardsOf(Orders, 'namedLast')).toEqual([OtherGuard, CognitoGuard]);
  });

  it('are one for several rules', () => {
    expect(guardsOf(Orders, 'severalRules')).toEqual([CognitoGuard]);
  });

  it('start with ours when @UseGuards() above names it as well', () => {
    expect(guardsOf(Orders, 'named')).toEqual([CognitoGuard, CognitoGuard, OtherGuard]);
  });

  it('include ours beside a subclass of it, which may do without rules', () => {
    expect(guardsOf(Orders, 'subclass')).toEqual([CognitoGuard, StricterGuard]);
  });
});

describe('Two rules of one kind', () => {
  const twice: [string, MethodDecorator & ClassDecorator, MethodDecorator & ClassDecorator][] = [
    ['@Groups()', Groups('a'), Groups('b')],
    ['@Scopes()', Scopes('a'), Scopes({ any: ['b'] })],
    ['@TokenUse()', TokenUse('id'), TokenUse('access')],
    ['@UsersOnly()', UsersOnly(), ClientsOnly()],
    ['@ClientsOnly()', ClientsOnly(), UsersOnly()],
  ];

  it.each(twice)('are refused on a method: %s', (name, above, below) => {
    const define = () => {
      class Orders {
        @above
        @below
        list() {}
      }
      return Orders;
    };
    expect(define).toThrow(
      new TypeError(`${name} on Orders.list meets another rule of its kind; write one rule`),
    );
  });

  it.each(twice)('are refused on a class: %s', (name, above, below) => {
    const define = () => {
      @above
      @below
      class Orders {}
      return Orders;
    };
    expect(define).toThrow(
      new TypeError(`${name} on Orders meets another rule of its kind; write one rule`),
    );
  });

  it.each(twice)(
    'are refused on a method with another decorator between: %s',
    (name, above, below) => {
      const define = () => {
        class Orders {
          @above
          @Wrapped()
          @below
          list() {}
        }
        return Orders;
      };
      expect(define).toThrow(
        new TypeError(`${name} on Orders.list meets another rule of its kind; write one rule`),
      );
    },
  );

  it.each<[string, () => MethodDecorator & ClassDecorator]>([
    ['@Groups()', () => Groups('a', 'b')],
    ['@Groups({})', () => Groups({ all: ['a'], none: ['b'] })],
    ['@Scopes()', () => Scopes('a')],
    ['@TokenUse()', () => TokenUse('id')],
    ['@UsersOnly()', UsersOnly],
    ['@Authenticated()', Authenticated],
    ['@Public()', Public],
    ['@OptionalAuth()', OptionalAuth],
  ])('are one when they say the same: %s', (_, create) => {
    @create()
    @create()
    class Twice {
      @create()
      @create()
      list() {}
    }
    @create()
    class Once {
      @create()
      list() {}
    }
    expect(rulesOfList(Twice)).toEqual(rulesOfList(Once));
    expect(guardsOf(Twice, 'list')).toEqual(guardsOf(Once, 'list'));
  });

  it.each<[string, MethodDecorator & ClassDecorator, MethodDecorator & ClassDecorator]>([
    ['@Groups()', Groups('a', 'b'), Groups('b', 'a')],
    [
      '@Groups({})',
      Groups({ all: ['a', 'b'], none: ['c'] }),
      Groups({ none: ['c'], all: ['b', 'a'] }),
    ],
    ['@Scopes()', Scopes('a', 'b'), Scopes({ all: ['b', 'a', 'b'] })],
    ['@TokenUse()', TokenUse('id', 'access'), TokenUse('access', 'id')],
    ['@UserPool()', UserPool('staff', 'partners'), UserPool('partners', 'staff')],
    ['@Permissions()', Permissions('a', 'b'), Permissions('b', 'a')],
  ])('are one when they name the same in another order: %s', (_, above, below) => {
    @above
    @below
    class Twice {
      @above
      @below
      list() {}
    }
    @above
    class Once {
      @above
      list() {}
    }
    expect(rulesOfList(Twice)).toEqual(rulesOfList(Once));
    expect(guardsOf(Twice, 'list')).toEqual(guardsOf(Once, 'list'));
  });

  it('may stand on a class and its subclass, where the latter replaces the former', () => {
    @Groups('a')
    class Base {
      list() {}
    }
    @Groups('b')
    class Special extends Base {}
    expect(rulesOfList(Base).groups).toEqual({ any: ['a'] });
    expect(rulesOfList(Special).groups).toEqual({ any: ['b'] });
  });
});

describe('What a rule decorator takes', () => {
  const GROUPS =
    '@Groups() takes one or more non-empty names, or an object with any, all, none as non-empty lists of them';
  const SCOPES =
    '@Scopes() takes one or more scopes (printable ASCII without spaces, quotes and backslashes), or an object with any, all as non-empty lists of them';
  const TOKEN_USE = `@TokenUse() takes 'access', 'id' or both`;

  it.each<[string, (...given: never[]) => unknown, unknown[], string]>([
    ['no group', Groups, [], GROUPS],
    ['an empty name', Groups, [''], GROUPS],
    ['undefined', Groups, [undefined], GROUPS],
    ['a list for a name', Groups, [['admin']], GROUPS],
    ['an empty object', Groups, [{}], GROUPS],
    ['an object of nothing', Groups, [{ any: undefined }], GROUPS],
    ['null', Groups, [null], GROUPS],
    ['an empty list', Groups, [{ any: [] }], GROUPS],
    ['a name for a list', Groups, [{ any: 'admin' }], GROUPS],
    ['a list with an empty name', Groups, [{ any: ['admin', ''] }], GROUPS],
    ['a misspelt list', Groups, [{ anyOf: ['admin'] }], GROUPS],
    ['an object among names', Groups, ['admin', { none: ['suspended'] }], GROUPS],
    ['no scope', Scopes, [], SCOPES],
    ['a list of excluded scopes', Scopes, [{ none: ['orders/read'] }], SCOPES],
    ['an empty scope', Scopes, [''], SCOPES],
    ['no token use', TokenUse, [], TOKEN_USE],
    ['an unknown token use', TokenUse, ['refresh'], TOKEN_USE],
    ['a token use that is unknown beside one', TokenUse, ['access', 'refresh'], TOKEN_USE],
    ['a token use that is empty', TokenUse, ['id', ''], TOKEN_USE],
    ['a list of token uses', TokenUse, [['access']], TOKEN_USE],
  ])('is not %s', (_, decorator, given, message) => {
    const attempt = () => decorator(...(given as never[]));
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
  });

  // RFC 6749 §3.3: no scope can match these, and no challenge can name them.
  it.each(['orders/read orders/write', 'orders/"read"', 'a\\b', 'lesen→', 'a\n'])(
    'is not the scope %j, which no token can carry',
    (scope) => {
      expect(() => Scopes(scope)).toThrow(new TypeError(SCOPES));
      expect(() => Scopes({ any: [scope] })).toThrow(new TypeError(SCOPES));
    },
  );
});

describe('Where a rule decorator goes', () => {
  it.each([Groups('a'), Authenticated(), Public(), OptionalAuth()])(
    'is on classes and methods, not on properties',
    (decorator) => {
      const define = () => {
        class Orders {
          // @ts-expect-error -- a property is no method
          @decorator
          list = 1;
        }
        return Orders;
      };
      expect(define).toThrow(/^@\w+\(\) on Orders\.list: it goes on classes and methods$/);
    },
  );

  it('is not on accessors', () => {
    const define = () => {
      class Orders {
        @Groups('a')
        get list() {
          return [];
        }
      }
      return Orders;
    };
    expect(define).toThrow('@Groups() on Orders.list: it goes on classes and methods');
  });
});
