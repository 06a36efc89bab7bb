import type { CustomFetch } from 'openid-client';
import { unavailable } from './cognito-hosted-ui.errors.js';

/** What openid-client fetches with. */
export type Fetch = CustomFetch;

/**
 * Fetches at the first call, and gives the same answer at every further one.
 *
 * No redirects, and bounds of time and size for the whole answer. One of status 429 or 5xx is none.
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
    const { status } = response;
    const headers = new Headers(response.headers);
    // RFC 6749 §5.2 allows a challenge beside the error in the body; openid-client would stop at it.
    headers.delete('www-authenticate');
    if (status === 429 || status >= 500) throw new Error(`status ${status}`);
    return { status, headers, body: await bodyOf(response) };
  } catch (cause) {
    throw unavailable(cause);
  }
}

// Two tokens of the largest size that is accepted, and a refresh token, are a quarter of this.
const MAX_BYTES = 256 * 1024;

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body and closes its connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
