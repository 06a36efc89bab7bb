import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';

/** What the token endpoint answers. */
export interface TokenAnswer {
  readonly status?: number;
  readonly type?: string;
  /** The header `WWW-Authenticate`. */
  readonly challenge?: string;
  readonly body: string | Record<string, unknown>;
}

/** A domain of a user pool that can be cut off, and made to answer something else. */
export interface Domain {
  readonly url: string;
  /** Whether connections to it are dropped. */
  isDown: boolean;
  /** Whether programs wait for an answer in vain. */
  isHung: boolean;
  /** What the answers to refreshes wait for; Cognito has refreshed by then. */
  hold?: Promise<void>;
  /** How many refreshes there were, with those that wait. */
  refreshes: number;
  /** What is answered in place of tokens, made from those of the pool. Default: themselves. */
  answerTokens?: (tokens: Record<string, unknown>) => TokenAnswer;
  close(): void;
}

/** Stands before the domain of a local user pool: pages are there, tokens are got through here. */
export async function startDomain(pool: LocalUserPoolServer): Promise<Domain> {
  const http = createServer((request, response) => {
    if (domain.isDown) request.destroy();
    else void answer(request, response, pool.domain + String(request.url), domain);
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  const { port } = http.address() as AddressInfo;
  const domain: Domain = {
    url: `http://localhost:${port}`,
    isDown: false,
    isHung: false,
    refreshes: 0,
    close: () => {
      http.close();
      http.closeAllConnections();
    },
  };
  return domain;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  domain: Domain,
) {
  if (request.method === 'GET') {
    response.writeHead(302, { location: address }).end();
    return;
  }
  if (domain.isHung) return;
  const body = await text(request);
  const received = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const real = await received.text();
  if (body.includes('grant_type=refresh_token')) {
    domain.refreshes += 1;
    await domain.hold;
  }
  const given = real.startsWith('{') && domain.answerTokens?.(JSON.parse(real) as never);
  const sent = given || { status: received.status, body: real };
  const { status = 200, type = 'application/json' } = sent;
  const { challenge } = sent;
  response.writeHead(status, {
    'content-type': type,
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
  });
  response.end(typeof sent.body === 'string' ? sent.body : JSON.stringify(sent.body));
}
