import { types } from 'node:util';

/**
 * Whether something that was caught is an error, whose ever: under Jest those of Node come from
 * another realm, and `instanceof` does not know them.
 */
export function isError(caught: unknown): caught is Error {
  if (types.isNativeError(caught)) return true;
  // A DOMException is none.
  return isSafely(caught, ({ message }) => typeof message === 'string');
}

/** As `instanceof`, for what code of the application has thrown: it never throws itself. */
export function isInstanceOf<T>(
  caught: unknown,
  type: abstract new (...args: never[]) => T,
): caught is T {
  return isSafely(caught, (object) => object instanceof type);
}

/** Whether this holds for an object. To look at one may throw: at a proxy, or by a getter. */
function isSafely(value: unknown, holds: (object: { message?: unknown }) => boolean): boolean {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false;
  try {
    return holds(value);
  } catch {
    return false;
  }
}
