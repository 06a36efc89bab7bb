/**
 * Goes on with a value: at once when it is there, later when it is promised.
 *
 * Awaiting would cost every request a turn of the event loop that most do not need.
 */
export function chain<T, R>(
  value: T | Promise<T>,
  proceed: (value: T) => R | Promise<R>,
): R | Promise<R> {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}
