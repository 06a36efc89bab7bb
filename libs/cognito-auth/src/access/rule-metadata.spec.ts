import { Controller, Get, UseGuards } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { CognitoGuard } from './cognito.guard.js';
import { accessRulesOf, hasCognitoGuard, isCognitoGuard } from './rule-metadata.js';
import {
  Authenticated,
  Groups,
  OptionalAuth,
  Public,
  Scopes,
  TokenUse,
  UsersOnly,
} from './rule.decorators.js';

class OtherGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

class StricterGuard extends CognitoGuard {}

function rulesOf(controller: new () => object, method: string) {
  return accessRulesOf(methodOf(controller, method), controller);
}

function methodOf(controller: new () => object, name: string) {
  return Reflect.get(controller.prototype as object, name) as () => void;
}

describe('accessRulesOf() a controller with rules', () => {
  @Controller()
  @Groups('admin')
  @Scopes('orders/read')
  class OrdersController {
    @Get()
    list() {}

    @Groups('support')
    replaced() {}

    @TokenUse('id')
    @UsersOnly()
    added() {}

    @Public()
    open() {}

    @OptionalAuth()
    optional() {}

    @OptionalAuth()
    @Groups('support')
    contradiction() {}
  }

  const ofClass = { groups: { any: ['admin'] }, scopes: { all: ['orders/read'] } };

  it('gives the rules of the class to a method without any', () => {
    expect(rulesOf(OrdersController, 'list')).toEqual({
      mode: 'required',
      ...ofClass,
    });
  });

  it('lets a rule of the method replace that of the same kind, and keeps the others', () => {
    expect(rulesOf(OrdersController, 'replaced')).toEqual({
      mode: 'required',
      ...ofClass,
      groups: { any: ['support'] },
    });
  });

  it('adds kinds up', () => {
    expect(rulesOf(OrdersController, 'added')).toEqual({
      mode: 'required',
      ...ofClass,
      tokenUse: ['id'],
      principal: 'user',
    });
  });

  it('opens a method that is public', () => {
    expect(rulesOf(OrdersController, 'open').mode).toBe('public');
  });

  it('keeps the rules of the class for those who send a token to an optional method', () => {
    expect(rulesOf(OrdersController, 'optional')).toEqual({
      mode: 'optional',
      ...ofClass,
    });
  });

  it('takes the strictest of what contradicts itself on one method', () => {
    expect(rulesOf(OrdersController, 'contradiction').mode).toBe('required');
  });

  it('remembers its answer, which cannot be changed', () => {
    const rules = rulesOf(OrdersController, 'list');
    expect(rulesOf(OrdersController, 'list')).toBe(rules);
    expect(() => Object.assign(rules, { mode: 'public' })).toThrow(TypeError);
    expect(() => Object.assign(rules.groups ?? {}, { any: ['everybody'] })).toThrow(TypeError);
    expect(() => Object.assign(rules.groups?.any ?? [], ['everybody'])).toThrow(TypeError);
  });
});

describe('accessRulesOf() an open controller', () => {
  @Controller()
  @Public()
  class StatusController {
    status() {}

    @Authenticated()
    details() {}

    @Groups('admin')
    admin() {}

    @UseGuards(CognitoGuard)
    guarded() {}

    @UseGuards(StricterGuard)
    guardedBySubclass() {}

    @UseGuards(OtherGuard)
    guardedByAnother() {}

    @OptionalAuth()
    optional() {}

    @Public()
    @OptionalAuth()
    publicAndOptional() {}

    @Public()
    @Authenticated()
    publicAndAuthenticated() {}

    @Public()
    @UseGuards(CognitoGuard)
    publicAndGuarded() {}
  }

  it.each([
    ['status', 'public'],
    ['details', 'required'],
    ['admin', 'required'],
    ['guarded', 'required'],
    ['guardedBySubclass', 'required'],
    ['guardedByAnother', 'public'],
    ['optional', 'optional'],
    ['publicAndOptional', 'optional'],
    ['publicAndAuthenticated', 'required'],
    ['publicAndGuarded', 'public'],
  ] as const)('makes of %s a method that is %s', (name, mode) => {
    expect(rulesOf(StatusController, name).mode).toBe(mode);
  });
});

describe('accessRulesOf() controllers that share methods', () => {
  class Base {
    @Scopes('items/read')
    list() {}
  }

  @Groups('admin')
  class Items extends Base {}

  @Groups('support')
  class Tickets extends Base {}

  class Special extends Items {}

  it('tells them apart', () => {
    const scopes = { all: ['items/read'] };
    expect(rulesOf(Base, 'list')).toEqual({ mode: 'required', scopes });
    expect(rulesOf(Items, 'list')).toMatchObject({
      groups: { any: ['admin'] },
    });
    expect(rulesOf(Tickets, 'list')).toMatchObject({
      scopes,
      groups: { any: ['support'] },
    });
  });

  it('gives a subclass the rules of its base class', () => {
    expect(rulesOf(Special, 'list')).toMatchObject({
      groups: { any: ['admin'] },
    });
  });
});

describe('accessRulesOf() a class that extends another', () => {
  @Public()
  class Open {
    list() {}
  }
  @OptionalAuth()
  class Optional {
    list() {}
  }
  @Groups('admin')
  class Admins {
    list() {}
  }

  const on = (Base: new () => { list(): void }, ...decorators: ClassDecorator[]) => {
    class Derived extends Base {}
    for (const decorate of decorators) decorate(Derived);
    class Further extends Derived {}
    return rulesOf(Further, 'list');
  };

  it.each([
    ['open', Open, UseGuards(CognitoGuard)],
    ['open', Open, UseGuards(StricterGuard, OtherGuard)],
    ['open', Open, Authenticated()],
    ['optional', Optional, UseGuards(CognitoGuard)],
    ['optional', Optional, UsersOnly()],
  ] as const)('is protected by its own decorators though that is %s', (_, base, decorator) => {
    expect(on(base, decorator).mode).toBe('required');
  });

  it.each([
    ['public', Open, UseGuards(OtherGuard)],
    ['optional', Optional, UseGuards(OtherGuard)],
    ['required', Admins, UseGuards(OtherGuard)],
    ['public', Admins, Public()],
    ['optional', Admins, OptionalAuth()],
    ['optional', Open, OptionalAuth()],
    ['public', Optional, Public()],
  ] as const)('is %s by the nearest declaration', (mode, base, decorator) => {
    expect(on(base, decorator).mode).toBe(mode);
  });

  it('keeps its rules beside a mode of its own, and replaces those of one kind', () => {
    const groups = { any: ['admin'] };
    expect(on(Admins, OptionalAuth())).toEqual({ mode: 'optional', groups });
    expect(on(Admins, UseGuards(CognitoGuard))).toEqual({ mode: 'required', groups });
    expect(on(Admins, Scopes('a'))).toEqual({ mode: 'required', groups, scopes: { all: ['a'] } });
    expect(on(Admins, Groups('support')).groups).toEqual({ any: ['support'] });
  });
});

describe('accessRulesOf() a method that overrides another', () => {
  @Authenticated()
  class Base {
    @Groups('admin')
    ruled() {}

    @UseGuards(CognitoGuard)
    guarded() {}

    @Public()
    open() {}

    @OptionalAuth()
    optional() {}
  }

  class Bare extends Base {
    override ruled() {}
    override guarded() {}
    override open() {}
    override optional() {}
  }

  class Own extends Base {
    @Scopes('a')
    override ruled() {}

    @Public()
    override guarded() {}

    @Groups('support')
    override open() {}
  }

  it('keeps the rules, which were written for what it does', () => {
    expect(rulesOf(Bare, 'ruled')).toEqual({ mode: 'required', groups: { any: ['admin'] } });
    expect(rulesOf(Bare, 'guarded')).toEqual({ mode: 'required' });
  });

  it('is not open because the other is', () => {
    expect(rulesOf(Bare, 'open').mode).toBe('required');
    expect(rulesOf(Bare, 'optional').mode).toBe('required');
  });

  it('counts before it', () => {
    expect(rulesOf(Own, 'ruled')).toEqual({
      mode: 'required',
      groups: { any: ['admin'] },
      scopes: { all: ['a'] },
    });
    expect(rulesOf(Own, 'guarded').mode).toBe('public');
    expect(rulesOf(Own, 'open')).toEqual({ mode: 'required', groups: { any: ['support'] } });
  });
});

describe('accessRulesOf() a handler that is decorated later', () => {
  it('sees what came', () => {
    class Late {
      list() {}
    }
    expect(rulesOf(Late, 'list')).toEqual({ mode: 'required' });
    Public()(Late);
    expect(rulesOf(Late, 'list').mode).toBe('public');
    const list = Object.getOwnPropertyDescriptor(Late.prototype, 'list') ?? {};
    Groups('admin')(Late.prototype, 'list', list);
    expect(rulesOf(Late, 'list')).toEqual({ mode: 'required', groups: { any: ['admin'] } });
  });
});

describe('accessRulesOf() a controller without rules', () => {
  it('asks for a valid token once the guard runs', () => {
    class Plain {
      list() {}
    }
    expect(rulesOf(Plain, 'list')).toEqual({ mode: 'required' });
  });
});

describe('hasCognitoGuard()', () => {
  class Guarded {
    @UseGuards(OtherGuard, CognitoGuard)
    guard() {}

    @UseGuards(StricterGuard)
    subclass() {}

    @UseGuards(OtherGuard)
    other() {}

    none() {}
  }

  it.each([
    ['guard', true],
    ['subclass', true],
    ['other', false],
    ['none', false],
  ] as const)('for a method guarded by %s is %s', (name, expected) => {
    expect(hasCognitoGuard(methodOf(Guarded, name))).toBe(expected);
  });
});

describe('isCognitoGuard()', () => {
  it.each([
    ['the guard', CognitoGuard, true],
    ['a subclass', StricterGuard, true],
    ['an instance', new CognitoGuard({} as never), true],
    ['another guard', OtherGuard, false],
    ['an instance of another guard', new OtherGuard(), false],
    ['an object without a class', Object.create(null), false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['text', 'CognitoGuard', false],
  ])('for %s', (_, guard, expected) => {
    expect(isCognitoGuard(guard)).toBe(expected);
  });
});
