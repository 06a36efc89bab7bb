import { ApplicationConfig, NestContainer } from '@nestjs/core';
import { GuardsContextCreator } from '@nestjs/core/guards/guards-context-creator.js';
import { describe, expect, it } from 'vitest';
import { CognitoGuard } from './cognito.guard.js';
import { GlobalGuards, inheritGuards } from './global-guards.js';
import { enforceRules, learnNames } from './served-rules.js';

const guard = new CognitoGuard({} as never);
const other = { canActivate: () => true };

/** How Nest finds guards for a part of an application with these global guards. */
function creatorFor(guards: object[], config?: ApplicationConfig): GuardsContextCreator {
  void new GlobalGuards();
  const application = new ApplicationConfig();
  application.useGlobalGuards(...(guards as never[]));
  return new GuardsContextCreator(new NestContainer(application), config ?? application);
}

describe('The guards of a part of an application', () => {
  it('are those of the application where it has no configuration of its own', () => {
    expect(creatorFor([other, guard]).getGlobalMetadata()).toEqual([other, guard]);
  });

  it('begin with ours where it has one, and leave out those that are not', () => {
    const config = new ApplicationConfig();
    const another = { canActivate: () => true };
    config.useGlobalGuards(another);
    const guards = creatorFor([other, guard], config).getGlobalMetadata();
    expect(guards).toEqual([guard, another]);
    expect(guards[0]).toBe(guard);
  });

  it('have ours once', () => {
    const config = new ApplicationConfig();
    config.useGlobalGuards(guard);
    expect(creatorFor([guard], config).getGlobalMetadata()).toEqual([guard]);
  });

  it('have what takes the place of ours', () => {
    new GlobalGuards().protectAll(other);
    const creator = creatorFor([other], new ApplicationConfig());
    expect(creator.getGlobalMetadata()).toEqual([other]);
  });

  it('are as Nest says outside of an application', () => {
    void new GlobalGuards();
    expect(new GuardsContextCreator({} as never).getGlobalMetadata()).toEqual([]);
    expect(new GuardsContextCreator(undefined as never).getGlobalMetadata()).toEqual([]);
  });
});

describe('inheritGuards()', () => {
  it('changes Nest once, however many applications start', () => {
    const nest = { getGlobalMetadata: () => [] };
    inheritGuards(nest);
    const { getGlobalMetadata } = nest;
    inheritGuards(nest);
    expect(nest.getGlobalMetadata).toBe(getGlobalMetadata);
  });

  it('refuses a Nest that finds its guards in another way', () => {
    expect(() => inheritGuards({})).toThrow('CognitoAuthModule does not know this version of Nest');
  });
});

describe('enforceRules()', () => {
  it('changes Nest once, however many applications start', () => {
    const nest = { create: () => [], reflectMethodMetadata: () => [] };
    enforceRules(nest);
    const { create } = nest;
    enforceRules(nest);
    expect(nest.create).toBe(create);
  });

  it.each([{}, { create: () => [] }, { reflectMethodMetadata: () => [] }])(
    'refuses a Nest that finds its guards in another way (%o)',
    (nest) => {
      expect(() => enforceRules(nest)).toThrow(
        'CognitoAuthModule does not know this version of Nest',
      );
    },
  );
});

describe('A part of an application that was given a class for a global guard', () => {
  it('does not start', () => {
    const config = new ApplicationConfig();
    config.addGlobalGuard(CognitoGuard as never);
    class Orders {
      list() {}
    }
    const orders = new Orders();
    expect(() => creatorFor([], config).create(orders, () => orders.list(), '')).toThrow(
      'The global guard CognitoGuard is a class, which protects nothing',
    );
  });
});

describe('learnNames()', () => {
  it('changes Nest once, and only where it binds handlers by name', () => {
    const nest = { create: () => 'bound' };
    learnNames(nest, 'route');
    const { create } = nest;
    learnNames(nest, 'route');
    expect(nest.create).toBe(create);
    expect(nest.create()).toBe('bound');
    const nothing = {};
    learnNames(nothing, 'route');
    expect(nothing).toEqual({});
  });
});
