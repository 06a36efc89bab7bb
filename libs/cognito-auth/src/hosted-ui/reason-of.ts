import { isError } from '../faults/foreign-errors.js';

/** Causes of causes: an error may be its own. */
const MOST_CAUSES = 8;

/**
 * An error of openid-client without what hangs on it: the answers of Cognito, tokens and all, which
 * would come into the logs of whoever writes errors down with their causes.
 */
export function reasonOf(error: unknown, causes = MOST_CAUSES): Error | undefined {
  if (!isError(error) || causes === 0) return undefined;
  const { name, message, stack, code } = error as NodeJS.ErrnoException;
  const reason = new Error(message, { cause: reasonOf(error.cause, causes - 1) });
  return Object.assign(reason, { name, stack, ...(code !== undefined && { code }) });
}
