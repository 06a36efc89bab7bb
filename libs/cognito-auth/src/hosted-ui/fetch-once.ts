import type { CustomFetch } from 'openid-client';
import { bodyOf } from '../http/body-of.js';
import { unavailable } from './cognito-hosted-ui.errors.js';

/** What openid-client fetches with. */
export type Fetch = CustomFetch;

/** What is asked of the option `fetch`. */
export interface HostedUiFetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
}

/** The part of a `Response` that is needed. */
export interface HostedUiAnswer {
  readonly status: number;
  /** Whether a redirect was followed, which makes it no answer. */
  readonly redirected?: boolean;
  readonly headers: { forEach(callback: (value: string, name: string) => void): void };
  /** The bytes, to be iterated over asynchronously. */
  readonly body: object | null;
}

/** Sends one request to Cognito, as the `fetch` of Node.js and of undici do. */
export type HostedUiFetch = (address: string, init: HostedUiFetchInit) => Promise<HostedUiAnswer>;

/**
 * Fetches at the first call, and gives the same answer at every further one.
 *
 * No redirects, and bounds of time and size for the whole answer, whatever fetches. One of status 429
 * or 5xx is none.
 *
 * @param timeout milliseconds
 */
export function fetchOnce(timeout: number, fetch: HostedUiFetch = fetchOfNode): Fetch {
  let received: Promise<Answer> | undefined;
  return async (address, { method, headers, body }) => {
    const signal = AbortSignal.timeout(timeout);
    // openid-client encodes its forms as text.
    const form = (body as URLSearchParams | string).toString();
    const init = { method, headers, body: form, redirect: 'manual', signal } as const;
    // That of an application need not heed the signal.
    received ??= Promise.race([answerOf(fetch, address, init), abortOf(signal)]);
    try {
      const answer = await received;
      return new Response(answer.body || null, answer);
    } catch (cause) {
      throw unavailable(cause);
    }
  };
}

const fetchOfNode: HostedUiFetch = (address, init) => fetch(address, init);

function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function answerOf(
  fetch: HostedUiFetch,
  address: string,
  init: HostedUiFetchInit,
): Promise<Answer> {
  const response = await fetch(address, init);
  const { status } = response;
  if (response.redirected) throw new Error('a redirect was followed');
  if (status === 429 || status >= 500) throw new Error(`status ${status}`);
  const headers = new Headers();
  response.headers.forEach((value, name) => headers.append(name, value));
  // RFC 6749 §5.2 allows a challenge beside the error in the body; openid-client would stop at it.
  headers.delete('www-authenticate');
  return { status, headers, body: await bodyOf(response, MAX_BYTES) };
}

// Two tokens of the largest size that is accepted, and a refresh token, are a quarter of this.
const MAX_BYTES = 256 * 1024;
