import { Inject, Injectable, Scope } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { SCOPE_OPTIONS_METADATA } from '@nestjs/common/constants.js';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { Injector } from '@nestjs/core/injector/injector.js';
import { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import type { CheckRule } from './access-rules.js';
import type { AccessCheck } from './hooks.js';
import { requestScopeOf } from './request-scope.js';

/** The instances of the classes of `@Check()`, for one registration of the module. */
@Injectable()
export class CheckInstances {
  private readonly wrappers = new Map<Type<AccessCheck>, Promise<InstanceWrapper<AccessCheck>>>();
  private readonly instances = new Map<Type<AccessCheck>, Promise<AccessCheck>>();

  constructor(
    @Inject(ModuleRef) private readonly moduleRef: ModuleRef,
    @Inject(ModulesContainer) private readonly modules: ModulesContainer,
  ) {}

  /**
   * The instance of a check class: the one that a module provides, or else one of its own.
   *
   * @throws CognitoAuthOptionsError when it is no check, or does not live as long as the application
   */
  of(type: Type<AccessCheck>): Promise<AccessCheck> {
    let instance = this.instances.get(type);
    if (!instance) this.instances.set(type, (instance = this.instanceOf(type)));
    return instance;
  }

  /** The sentence about a check class that does not live as long as the application. */
  async scopeProblemOf(type: Type<AccessCheck>): Promise<string | undefined> {
    const scope = await requestScopeOf(await this.wrapperOf(type));
    if (!scope) return undefined;
    return `is request-scoped, or injects something that is (${scope}); it lives as long as the application and finds the request in its arguments.`;
  }

  private async instanceOf(type: Type<AccessCheck>): Promise<AccessCheck> {
    const problem = await this.scopeProblemOf(type);
    if (problem) throw new CognitoAuthOptionsError([`@Check(${type.name}) ${problem}`]);
    const wrapper = await this.wrapperOf(type);
    const check = wrapper.isTransient
      ? await this.moduleRef.resolve(type, undefined, { strict: false })
      : wrapper.instance;
    if (typeof check.check === 'function') return check;
    throw new CognitoAuthOptionsError([
      `@Check(${type.name}) needs a class with a method check().`,
    ]);
  }

  private wrapperOf(type: Type<AccessCheck>): Promise<InstanceWrapper<AccessCheck>> {
    let wrapper = this.wrappers.get(type);
    if (!wrapper) this.wrappers.set(type, (wrapper = this.findOrCreate(type)));
    return wrapper;
  }

  private async findOrCreate(type: Type<AccessCheck>): Promise<InstanceWrapper<AccessCheck>> {
    const [provided] = [...this.modules.values()].flatMap(
      ({ providers }) => providers.get(type) ?? [],
    );
    return (provided as InstanceWrapper<AccessCheck> | undefined) ?? this.create(type);
  }

  // As `moduleRef.create()` does it, which tells nobody what it injected: what is request-scoped comes
  // without its own dependencies, and a check of such a thing may admit everybody.
  private async create(type: Type<AccessCheck>): Promise<InstanceWrapper<AccessCheck>> {
    const host = [...this.modules.values()].find(
      ({ providers }) => providers.get(CheckInstances)?.instance === this,
    );
    if (!host) throw new Error('CognitoAuthModule does not know this version of Nest');
    const wrapper = new InstanceWrapper<AccessCheck>({
      token: type,
      name: type.name,
      metatype: type,
      scope: ownScopeOf(type) === Scope.REQUEST ? Scope.REQUEST : Scope.DEFAULT,
      host,
    });
    await new Injector().loadInstance(wrapper, new Map([[type, wrapper]]), host);
    return wrapper;
  }
}

function ownScopeOf(type: Type<AccessCheck>): Scope | undefined {
  return (Reflect.getMetadata(SCOPE_OPTIONS_METADATA, type) as { scope?: Scope } | undefined)
    ?.scope;
}

/** Whether a policy is a class with a method `check`, not a function to call. */
export function isCheckClass(policy: CheckRule['policy']): policy is Type<AccessCheck> {
  const prototype = Object.getOwnPropertyDescriptor(policy, 'prototype');
  if (!prototype) return false;
  // ECMA-262 §15.7.14: only the prototype of a class is read-only. A class that was compiled to a
  // function is known by its method.
  const { check } = prototype.value as { check?: unknown };
  return prototype.writable === false || typeof check === 'function';
}
