/**
 * An error of openid-client without what hangs on it: the answers of Cognito, tokens and all, which
 * would come into the logs of whoever writes errors down with their causes.
 */
export function reasonOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const { name, message, stack, code } = error as NodeJS.ErrnoException;
  const reason = new Error(message, { cause: reasonOf(error.cause) });
  return Object.assign(reason, { name, stack, ...(code !== undefined && { code }) });
}
