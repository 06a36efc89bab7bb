/** What is promised, or a rejection with this message once the time (milliseconds) is over. */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeout: number,
  message = `no answer within ${timeout} ms`,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
