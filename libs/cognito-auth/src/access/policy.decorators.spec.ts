import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { describe, expect, it } from 'vitest';
import { CognitoGuard } from './cognito.guard.js';
import { Check, Permissions, UserPool } from './rule.decorators.js';
import { accessRulesOf } from './rule-metadata.js';

type RuleDecorator = ReturnType<typeof Check>;

/** The rules of a method with these decorators, the topmost first. */
function rulesBy(...decorators: RuleDecorator[]) {
  class Orders {
    list(this: void) {}
  }
  const { prototype } = Orders;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'list');
  if (!descriptor) throw new Error('There is no such method');
  for (const decorate of decorators.toReversed()) decorate(prototype, 'list', descriptor);
  return accessRulesOf(prototype.list, Orders);
}

const isFine = () => true;
const isLate = async () => false;
class OwnsOrder {
  check() {
    return true;
  }
}

describe('@Permissions(), @UserPool() and @Check()', () => {
  it.each<[RuleDecorator, object]>([
    [Permissions('orders:read'), { permissions: ['orders:read'] }],
    [Permissions('a', 'A', 'a b'), { permissions: ['a', 'A', 'a b'] }],
    [UserPool('staff', 'customers'), { userPools: ['staff', 'customers'] }],
    [Check(isFine), { checks: [{ policy: isFine }] }],
    [Check(isLate, 'Too late'), { checks: [{ policy: isLate, message: 'Too late' }] }],
    [Check(OwnsOrder), { checks: [{ policy: OwnsOrder }] }],
  ])('write down a rule', (decorator, rules) => {
    expect(rulesBy(decorator)).toEqual({ mode: 'required', ...rules });
  });

  it('write down every check, in the order of the code', () => {
    const { checks } = rulesBy(Check(isFine), Check(isLate, 'Too late'), Check(OwnsOrder));
    expect(checks?.map(({ policy }) => policy)).toEqual([isFine, isLate, OwnsOrder]);
  });

  it('keep what they were given', () => {
    const { checks, permissions, userPools } = rulesBy(
      Check(isFine),
      Permissions('a'),
      UserPool('b'),
    );
    for (const rule of [checks, checks?.[0], permissions, userPools]) {
      expect(Object.isFrozen(rule)).toBe(true);
    }
  });

  it.each([Permissions('a'), UserPool('a'), Check(isFine)])(
    'bring the guard with them, on a method and on a class',
    (decorator) => {
      @decorator
      class OnClass {}

      class OnMethod {
        @decorator
        list(this: void) {}
      }
      const guardsOf = (target: object): unknown => Reflect.getMetadata(GUARDS_METADATA, target);
      expect(guardsOf(OnClass)).toEqual([CognitoGuard]);
      expect(guardsOf(OnMethod.prototype.list)).toEqual([CognitoGuard]);
    },
  );

  it('meet only once on one place, but for checks', () => {
    expect(() => rulesBy(Permissions('a'), Permissions('b'))).toThrow(
      '@Permissions() on Orders.list meets another rule of its kind; write one rule',
    );
    expect(() => rulesBy(UserPool('a'), UserPool('b'))).toThrow('@UserPool() on Orders.list meets');
  });

  it('count once when they are the same', () => {
    const again = () => Check(isLate, 'Too late');
    const { checks } = rulesBy(again(), Check(isFine), again(), Check(isFine));
    expect(checks).toEqual([{ policy: isLate, message: 'Too late' }, { policy: isFine }]);
    expect(rulesBy(Check(isFine), Check(isFine, 'Not fine')).checks).toHaveLength(2);
    expect(rulesBy(Permissions('a'), Permissions('a')).permissions).toEqual(['a']);
    expect(rulesBy(UserPool('a'), UserPool('a')).userPools).toEqual(['a']);
  });

  it.each<[unknown[], string]>([
    [[], 'no name'],
    [[''], 'an empty name'],
    [[undefined], 'undefined'],
    [[['a']], 'a list'],
    [['a', 7], 'a number'],
  ])('refuse %j, %s', (names) => {
    expect(() => Permissions(...(names as ['a']))).toThrow(
      new TypeError('@Permissions() takes one or more non-empty names'),
    );
    expect(() => UserPool(...(names as ['a']))).toThrow(
      new TypeError('@UserPool() takes one or more non-empty names'),
    );
  });

  it.each([undefined, null, 'isFine', true, {}, new OwnsOrder()])(
    'refuse the check %o',
    (policy) => {
      expect(() => Check(policy as never)).toThrow(
        new TypeError('@Check() takes a function, or a class with a method check()'),
      );
    },
  );
});
