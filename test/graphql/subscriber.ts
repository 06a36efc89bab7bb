import type { INestApplication } from '@nestjs/common';
import type { ExecutionResult } from 'graphql';
import { createClient } from 'graphql-ws';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

/** Why a server closed a connection. */
interface Closing {
  code: number;
  reason: string;
}

/** What a client gets to see of one operation. */
interface Subscriber {
  /** The next event; rejects with the errors of the operation, or when the connection closes. */
  next: () => Promise<unknown>;
  /** Resolves once the server closes the connection. */
  closed: Promise<Closing>;
}

interface ClientSetup {
  /** What the client sends to connect. */
  connectionParams?: Record<string, unknown>;
  /** Headers of the handshake, which browsers cannot set. */
  headers?: Record<string, string>;
  /** After the path. */
  search?: string;
}

/** Connects, and starts an operation. */
export async function subscribe(
  app: INestApplication,
  query: string,
  { connectionParams, headers = {}, search = '' }: ClientSetup = {},
): Promise<Subscriber> {
  const url = (await app.getUrl()).replace('http', 'ws');
  class Socket extends WebSocket {
    constructor(address: string, protocol: string) {
      super(address, protocol, { headers });
    }
  }
  const { promise: closed, resolve } = withResolvers<Closing>();
  const client = createClient({
    url: `${url}/graphql${search}`,
    webSocketImpl: Socket,
    connectionParams,
    retryAttempts: 0,
    on: {
      closed: (event) => {
        const { code, reason } = event as Closing;
        resolve({ code, reason });
      },
    },
  });
  onTestFinished(async () => client.dispose());
  const events = client.iterate({ query });
  return {
    next: async () => {
      const { data, errors } = ((await events.next()).value ?? {}) as ExecutionResult;
      // Servers send the refusal of an operation as its error, or as its only event.
      if (errors && !data) throw errors;
      return data;
    },
    closed,
  };
}

/** As `Promise.withResolvers()` of Node 22. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
