import { MetadataScanner } from '@nestjs/core';

// oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
type Target = Function;

/** Under which name of its class Nest calls a function that the class itself does not have. */
const called = new WeakMap<Target, WeakMap<Target, string>>();

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

/** Notes as which method of a class Nest calls a function. */
export function noteMember(handler: Target, controller: Target, name: string): void {
  let names = called.get(handler);
  if (!names) called.set(handler, (names = new WeakMap()));
  names.set(controller, name);
}

/** As which method of a class Nest calls a function; `undefined` for a function of somebody else. */
export function memberOf(handler: Target, controller: Target): string | undefined {
  const noted = called.get(handler)?.get(controller);
  if (noted !== undefined) return noted;
  const prototype = controller.prototype as object | undefined;
  return prototype && membersOf(prototype, handler, prototype)[0];
}

/**
 * The methods of an instance that a function may be: several when the function does not tell.
 *
 * What is bound, wrapped or replaced is found where the instance has it. An instance that makes a
 * new function each time it is asked (a `Proxy` that traces calls) is asked again: what looks the
 * same comes from the same method. A function that somebody else bound says so in its name.
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
  const alike = names.filter((name) => get(name) !== get(name) && isAlike(get(name), callback));
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
