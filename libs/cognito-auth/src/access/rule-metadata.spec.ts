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
