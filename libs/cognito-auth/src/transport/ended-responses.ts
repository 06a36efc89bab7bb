import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Published by Node for every HTTP request; https://nodejs.org/api/diagnostics_channel.html#http */
const REQUEST_START = 'http.server.request.start';

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Ending {
  readonly writableEnded?: boolean;
}

/** Both the request of a server and what a platform makes of it. */
interface RequestOfServer extends Ending {
  /** Set by Fastify. */
  readonly raw?: RequestOfServer;
  /** Set by Express. */
  readonly res?: Ending;
  /** Set by Node for HTTP/2. */
  readonly stream?: Ending;
}

const responses = new WeakMap<object, Ending>();

let isWatching = false;

/** Notes the response of every request from now on: Fastify does not tell it. */
export function watchResponses(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe(REQUEST_START, (message) => {
    const { request, response } = message as RequestStart;
    responses.set(request, response);
  });
}

/** Whether the response to a request was sent; `false` for a request that has none. */
export function hasEnded(request: RequestOfServer): boolean {
  const { raw = request } = request;
  const response = raw.res ?? responses.get(raw) ?? raw.stream;
  return response?.writableEnded === true;
}
