import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { Type } from '@nestjs/common';
import type { TokenUse } from '../token/claims.js';
import type { AccessPolicy, CheckRule, GroupsRule, ScopesRule } from './access-rules.js';
import { CognitoGuard } from './cognito.guard.js';
import type { AccessCheck } from './hooks.js';
import {
  decoratedAt,
  forgetRules,
  includesRule,
  noteDecorated,
  noteRuled,
  RULE_KEYS,
} from './rule-metadata.js';
import { GROUPS, listsIn, listsInWords, namesIn, SCOPES, tokenUsesIn } from './rule-values.js';
import type { ListsRule } from './rule-values.js';

type RuleDecorator = ClassDecorator & MethodDecorator;

/**
 * Asks for a valid token: the same as `@UseGuards(CognitoGuard)`, also where a class that this one
 * extends is `@Public()`. It holds below a decorator that wraps the method, where Nest loses `@UseGuards()`.
 */
export function Authenticated(): RuleDecorator {
  return rule('@Authenticated()', 'authenticated', true);
}

/**
 * Admits only members of at least one of these user pool groups; in object form, those for whom
 * all given lists hold. Groups are compared case-sensitively.
 *
 * On a class it holds for every route; on a method it replaces what the class says.
 *
 * @example `@Groups('admin', 'support')`
 * @example `@Groups({ all: ['admin', 'auditor'], none: ['suspended'] })`
 */
export function Groups(...groups: [string, ...string[]]): RuleDecorator;
export function Groups(rule: GroupsRule): RuleDecorator;
export function Groups(...given: unknown[]): RuleDecorator {
  return rule('@Groups()', 'groups', listsOf('@Groups()', GROUPS, given));
}

/**
 * Admits only tokens that carry all of these scopes; in object form, those for whom all given
 * lists hold.
 *
 * On a class it holds for every route; on a method it replaces what the class says.
 *
 * @example `@Scopes('orders/read', 'orders/write')`
 * @example `@Scopes({ any: ['orders/read', 'orders/write'] })`
 */
export function Scopes(...scopes: [string, ...string[]]): RuleDecorator;
export function Scopes(rule: ScopesRule): RuleDecorator;
export function Scopes(...given: unknown[]): RuleDecorator {
  return rule('@Scopes()', 'scopes', listsOf('@Scopes()', SCOPES, given));
}

/**
 * Accepts these kinds of token, whatever the user pool accepts elsewhere.
 *
 * @example `@TokenUse('id')`
 */
export function TokenUse(...tokenUses: [TokenUse, ...TokenUse[]]): RuleDecorator {
  const accepted = tokenUsesIn(tokenUses);
  if (!accepted) throw new TypeError(`@TokenUse() takes 'access', 'id' or both`);
  return rule('@TokenUse()', 'tokenUse', accepted);
}

/**
 * Accepts only tokens of these user pools, by their names in the options.
 *
 * @example `@UserPool('staff')`
 */
export function UserPool(...names: [string, ...string[]]): RuleDecorator {
  return rule('@UserPool()', 'userPools', namesOf('@UserPool()', names));
}

/**
 * Admits only callers who have all of these permissions, by the `permissions` hook of the module;
 * without that hook the application does not boot.
 *
 * @example `@Permissions('orders:delete')`
 */
export function Permissions(...permissions: [string, ...string[]]): RuleDecorator {
  return rule('@Permissions()', 'permissions', namesOf('@Permissions()', permissions));
}

/**
 * Admits only callers for whom a policy of one's own returns `true`: a function, or a class with a
 * method `check()` that Nest injects into. Several on one place must all hold.
 *
 * @param message what the client is told when the policy refuses
 * @example `@Check((principal) => principal.customAttributes.plan === 'pro', 'This needs a paid plan')`
 */
export function Check(policy: AccessPolicy | Type<AccessCheck>, message?: string): RuleDecorator {
  if (typeof policy !== 'function') {
    throw new TypeError('@Check() takes a function, or a class with a method check()');
  }
  return withGuard((target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const subject = subjectOf('@Check()', target, key, descriptor);
    const others = (Reflect.getOwnMetadata(RULE_KEYS.checks, subject) ?? []) as CheckRule[];
    const check = Object.freeze({ policy, message });
    if (includesRule(others, check)) return;
    Reflect.defineMetadata(RULE_KEYS.checks, Object.freeze([check, ...others]), subject);
  });
}

/** Admits only people: ID tokens, and access tokens with a `username`. */
export function UsersOnly(): RuleDecorator {
  return rule('@UsersOnly()', 'principal', 'user');
}

/** Admits only machines: access tokens from the client credentials grant. */
export function ClientsOnly(): RuleDecorator {
  return rule('@ClientsOnly()', 'principal', 'client');
}

/**
 * Lets everybody in without a look at the token.
 *
 * A rule beside it wins over it, and so does whatever is nearer to the handler: on the method while
 * this is on the class, or on a class that extends it.
 */
export function Public(): RuleDecorator {
  return mark('@Public()', 'public', true);
}

/**
 * Lets requests without a token in as well, with no current user; a bad token is still refused.
 *
 * A rule beside it wins over it; a rule on the class holds for those who send a token.
 */
export function OptionalAuth(): RuleDecorator {
  const decorate = mark('@OptionalAuth()', 'optional', true);
  return withGuard(decorate);
}

function rule(decorator: string, name: keyof typeof RULE_KEYS, value: unknown): RuleDecorator {
  return withGuard(mark(decorator, name, value));
}

function mark(decorator: string, name: keyof typeof RULE_KEYS, value: unknown): RuleDecorator {
  return noted((target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const subject = subjectOf(decorator, target, key, descriptor);
    const written = [subject, ...(key === undefined ? [] : decoratedAt(target, key))]
      .map((place): unknown => Reflect.getOwnMetadata(RULE_KEYS[name], place))
      .filter((other) => other !== undefined);
    if (!written.every((other) => includesRule([value], other))) {
      // The second would silently replace the first, and a rule would be lost.
      throw new TypeError(
        `${decorator} on ${placeOf(target, key)} meets another rule of its kind; write one rule`,
      );
    }
    Reflect.defineMetadata(RULE_KEYS[name], value, subject);
  });
}

/** Keeps a rule from being lost when another function takes the place of the method. */
function noted(decorate: RuleDecorator): RuleDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    decorate(target as never, key as never, descriptor as never);
    if (key !== undefined) noteDecorated(target, key, descriptor?.value as () => unknown);
    noteRuled(key === undefined ? (target as () => unknown) : target.constructor);
    forgetRules();
  };
}

/** A rule protects by itself: forgetting `@UseGuards()` cannot leave its route open. */
function withGuard(decorate: RuleDecorator): RuleDecorator {
  return noted((target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    decorate(target as never, key as never, descriptor as never);
    const subject = (descriptor?.value ?? target) as object;
    const guards = (Reflect.getMetadata(GUARDS_METADATA, subject) ?? []) as unknown[];
    if (guards.includes(CognitoGuard)) return;
    // First, so that the guards beside it find the user on the request.
    Reflect.defineMetadata(GUARDS_METADATA, [CognitoGuard, ...guards], subject);
  });
}

function subjectOf(
  decorator: string,
  target: object,
  key?: string | symbol,
  descriptor?: PropertyDescriptor,
): object {
  const subject: unknown = key === undefined ? target : descriptor?.value;
  if (typeof subject === 'function') return subject;
  throw new TypeError(`${decorator} on ${placeOf(target, key)}: it goes on classes and methods`);
}

function placeOf(target: object, key?: string | symbol): string {
  if (key === undefined) return (target as { name?: string }).name ?? 'a class';
  return `${target.constructor.name}.${String(key)}`;
}

function listsOf(decorator: string, form: ListsRule, given: unknown[]): object {
  const isRule = given.length === 1 && typeof given[0] === 'object' && given[0] !== null;
  const lists = listsIn(isRule ? given[0] : { [form.usual]: given }, form);
  if (lists) return lists;
  throw new TypeError(`${decorator} takes ${listsInWords(form)}`);
}

function namesOf(decorator: string, given: readonly string[]): readonly string[] {
  const names = namesIn(given);
  if (names) return names;
  throw new TypeError(`${decorator} takes one or more non-empty names`);
}
