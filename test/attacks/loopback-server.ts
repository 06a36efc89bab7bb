import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server of this machine that answers every request with JSON, and counts them. */
export interface LoopbackServer {
  readonly url: string;
  /** How many requests came. */
  readonly requests: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a server that answers with this document. */
export async function startLoopbackServer(document: () => object): Promise<LoopbackServer> {
  let count = 0;
  const server = createServer((_request, response) => {
    count += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(document()));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => count,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
