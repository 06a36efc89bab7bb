import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { type Answer, type Endpoint, jsonAnswer } from './endpoint.js';

/** An endpoint, and how many requests came to it. */
export interface ServedEndpoint {
  readonly endpoint: Endpoint;
  requests: number;
}

/** Answers every request by the endpoint of its path, and counts it there. */
export function requestHandler(served: ReadonlyMap<string, ServedEndpoint>): RequestListener {
  return (request, response) => {
    const target = served.get(pathOf(request));
    if (!target) return send(response, jsonAnswer({ error: 'not_found' }, 404));

    const { endpoint } = target;
    target.requests += 1;
    void answerOf(endpoint, request).then((answer) => send(response, answer, headersOf(endpoint)));
  };
}

// As it stands: no path that is served needs decoding, so none can fail to decode.
function pathOf(request: IncomingMessage): string {
  return String(request.url).replace(/\?.*$/s, '');
}

async function answerOf(endpoint: Endpoint, request: IncomingMessage): Promise<Answer> {
  const { method = '' } = request;
  if (endpoint.isOpenToAllOrigins && method === 'OPTIONS') return preflightAnswer(endpoint);
  if (!endpoint.methods.includes(method)) {
    const refusal = jsonAnswer({ error: 'method_not_allowed' }, 405);
    return { ...refusal, headers: { ...refusal.headers, allow: endpoint.methods.join(', ') } };
  }
  try {
    return await endpoint.answer(request);
  } catch {
    // The client went away before its request was complete; nobody reads this.
    return jsonAnswer({ error: 'server_error' }, 500);
  }
}

// What Cognito answers is not documented. This lets every page through that it lets call: Swagger UI
// sends X-Requested-With, others send headers of their own. `*` does not stand for Authorization.
function preflightAnswer({ methods }: Endpoint): Answer {
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': 'authorization, content-type, x-requested-with, *',
    },
  };
}

function headersOf({ headers, isOpenToAllOrigins }: Endpoint): Endpoint['headers'] {
  return { ...headers, ...(isOpenToAllOrigins && { 'access-control-allow-origin': '*' }) };
}

function send(response: ServerResponse, answer: Answer, headers?: Endpoint['headers']): void {
  response.writeHead(answer.status, { ...headers, ...answer.headers }).end(answer.body);
}
