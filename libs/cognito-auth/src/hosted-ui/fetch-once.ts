import type { CustomFetch } from 'openid-client';
import { unavailable } from './cognito-hosted-ui.errors.js';

/** What openid-client fetches with. */
export type Fetch = CustomFetch;

/**
 * Fetches at the first call, and gives the same answer at every further one.
 *
 * No redirects, and one deadline for the whole answer. An answer of status 429 or 5xx is none.
 *
 * @param timeout milliseconds
 */
export function fetchOnce(timeout: number): Fetch {
  let received: Promise<Answer> | undefined;
  return async (address, { method, headers, body }) => {
    const init = { method, headers, body: body as string };
    received ??= answerOf(address, { ...init, signal: AbortSignal.timeout(timeout) });
    const answer = await received;
    return new Response(answer.body || null, answer);
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function answerOf(address: string, init: RequestInit): Promise<Answer> {
  try {
    const response = await fetch(address, { ...init, redirect: 'manual' });
    const { status, headers } = response;
    if (status === 429 || status >= 500) throw new Error(`status ${status}`);
    return { status, headers, body: await response.text() };
  } catch (cause) {
    throw unavailable(cause);
  }
}
