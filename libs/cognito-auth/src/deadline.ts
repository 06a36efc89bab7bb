/**
 * What is promised, or a rejection with this message and `ETIMEDOUT` once the time (milliseconds) is over; with the
 * reason of the signal when that aborts first.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeout: number,
  message = `no answer within ${timeout} ms`,
  signal?: AbortSignal,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const fail = () => reject(Object.assign(new Error(message), { code: 'ETIMEDOUT' }));
    timer = setTimeout(fail, timeout);
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after this time (milliseconds), or as soon as the signal aborts. */
export function pause(time: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, time);
    const end = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}
