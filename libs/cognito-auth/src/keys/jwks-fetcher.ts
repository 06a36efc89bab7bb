import { types } from 'node:util';
import { isError } from '../faults/foreign-errors.js';
import { bodyOf } from '../http/body-of.js';

/** Fetches a key set over HTTP; may be replaced by the option `keys.fetcher`. */
export type JwksFetcher = (uri: string) => Promise<unknown>;

/**
 * Fetches a JSON document: status 200 only, no redirects, bounded in size, until the signal aborts.
 *
 * @param maxBytes the largest body that is read
 * @throws Error when it cannot be had like that
 */
export async function fetchJson(
  uri: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(uri, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`expected status 200, got ${response.status}`);
  }
  return parsed(await bodyOf(response, maxBytes));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the answer is not JSON');
  }
}

const CONNECTION_ERRORS: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  // The other side closed the connection before its answer was complete.
  'UND_ERR_SOCKET',
]);

/** Whether a fetch failed for want of a connection: not with an answer, and not with its silence. */
export function isConnectionError(error: unknown): boolean {
  if (!isError(error)) return false;
  return [error, error.cause].some((each) => CONNECTION_ERRORS.has(codeOf(each)));
}

/** Whether a fetch failed without an answer, as far as its error says. */
export function isWithoutAnswer(error: unknown): boolean {
  return isConnectionError(error) || (isError(error) && GIVEN_UP.has(error.name));
}

// Of `AbortSignal.timeout()` and of controllers.
const GIVEN_UP: ReadonlySet<string> = new Set(['TimeoutError', 'AbortError']);

function codeOf(error: unknown): unknown {
  if (types.isProxy(error)) return undefined;
  return (error as { code?: unknown } | null | undefined)?.code;
}
