import { MetadataScanner } from '@nestjs/core';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

/** A method of a class. */
export interface Member {
  readonly controller: Target;
  readonly name: string;
}

/** For which methods Nest calls a function that its class does not show. */
const called = new WeakMap<Target, Member[]>();

/** What Nest binds a function for: an HTTP route, or whatever else calls it. */
export type BindingKind = 'route' | 'other';

/** A method for which Nest is binding a function. */
interface Binding {
  readonly instance: object;
  readonly name: string;
  readonly kind: BindingKind;
}

/** For which method of which instance Nest is binding a function, where it says so. */
let binding: Binding | undefined;

/** Calls what binds a function for a method; others may have put one of theirs in its place. */
export function whileBinding<T>(now: Binding, bind: () => T): T {
  const outer = binding;
  binding = now;
  try {
    return bind();
  } finally {
    binding = outer;
  }
}

/** What Nest is binding a function for. */
export function bindingKind(): BindingKind {
  return binding?.kind ?? 'other';
}

/** The names of the methods in which Nest looks for handlers. */
export function methodNamesOf(prototype: object | null): string[] {
  // A scanner of its own: those of Nest keep every prototype that they ever saw.
  return new MetadataScanner().getAllMethodNames(prototype);
}

/** A method of an object or of what it inherits from; no getter runs. */
export function methodOf(object: object | null, name: string): Target | undefined {
  for (let holder = object; holder; holder = Object.getPrototypeOf(holder) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(holder, name);
    if (descriptor) return isFunction(descriptor.value) ? descriptor.value : undefined;
  }
  return undefined;
}

/** The class of an instance, which a `Proxy` may hide: it answers for `constructor`, too. */
export function classOf(instance: object): Target {
  const { constructor } = Object.getPrototypeOf(instance) as { constructor: Target };
  return constructor;
}

/** Notes for which method Nest calls a function. */
export function noteMember(handler: Target, member: Member): void {
  const others = membersCalled(handler).filter(
    ({ controller }) => controller !== member.controller,
  );
  called.set(handler, [...others, member]);
}

/** The methods for which Nest calls a function, as far as they were noted. */
export function membersCalled(handler: Target): readonly Member[] {
  return called.get(handler) ?? [];
}

/**
 * The method for which Nest calls a function, by what it takes for the class; `undefined` for a
 * function of somebody else.
 */
export function memberOf(handler: Target, controller: Target): Member | undefined {
  const noted = membersCalled(handler);
  const prototype = controller.prototype as object | undefined;
  const exact = noted.find((member) => prototype && member.controller.prototype === prototype);
  if (exact) return exact;
  const [name] = prototype ? membersOf(prototype, handler, prototype) : [];
  // What a Proxy shows for the class has nothing to do with it.
  return name === undefined ? noted[0] : { controller, name };
}

/**
 * The methods of an instance that a function may be: several when the function does not tell.
 *
 * What is bound, wrapped or replaced is found where the instance has it. Otherwise it was made for
 * this call, by an instance that makes a new function each time it is asked or by a tracer: then the
 * method for which Nest binds it counts, or that which has the same name and metadata. A function that somebody else bound says so in its name.
 */
export function membersOf(
  instance: object,
  callback: Target,
  prototype = Object.getPrototypeOf(instance) as object | null,
): string[] {
  const names = methodNamesOf(prototype);
  const get = (name: string): unknown => Reflect.get(instance, name);
  const found = names.filter(
    (name) => get(name) === callback || methodOf(prototype, name) === callback,
  );
  if (found.length > 0) return found;
  if (binding?.instance === instance && names.includes(binding.name)) return [binding.name];
  const isCopy = Reflect.getOwnMetadataKeys(callback).length > 0;
  const alike = names.filter(
    (name) => (isCopy || get(name) !== get(name)) && isAlike(get(name), callback),
  );
  return alike.length > 0 ? alike : names.filter((name) => isBound(callback, get(name)));
}

function isBound(callback: Target, method: unknown): boolean {
  return isFunction(method) && callback.name === `bound ${method.name}`;
}

function isAlike(one: unknown, other: Target): boolean {
  if (!isFunction(one)) return false;
  const keys = Reflect.getOwnMetadataKeys(one);
  return (
    one.name === other.name &&
    keys.length === Reflect.getOwnMetadataKeys(other).length &&
    keys.every((key) => Reflect.getOwnMetadata(key, one) === Reflect.getOwnMetadata(key, other))
  );
}

function isFunction(value: unknown): value is Target {
  return typeof value === 'function';
}
