import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A site of somebody else, whose pages send their visitors to the demo. */
export interface OtherSite {
  /** A page at this name of this machine, with a button for each request to that demo. */
  at(hostname: string, demo: string): string;
  close(): void;
}

export async function startOtherSite(): Promise<OtherSite> {
  const server = createServer(({ url = '' }, response) => {
    const demo = new URL(url, 'http://localhost').searchParams.get('demo') ?? '';
    response.writeHead(200, { 'content-type': 'text/html' }).end(pageFor(demo));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    at: (hostname, demo) => `http://${hostname}:${port}/?demo=${encodeURIComponent(demo)}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function pageFor(demo: string): string {
  const requests = ['POST /auth/logout', 'POST /auth/refresh', 'GET /auth/logout'];
  const forms = requests.map((name) => {
    const [method, path] = name.split(' ');
    return `<form method="${method}" action="${demo}${path}"><button>${name}</button></form>`;
  });
  return `<!doctype html><title>Another site</title>${forms.join('')}`;
}
