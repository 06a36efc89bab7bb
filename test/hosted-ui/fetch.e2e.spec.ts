import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostedUiFetch } from 'nestjs-cognito-auth/hosted-ui';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { locationOf, refusalOf } from './browser.js';
import { APP, HostedApp, PASSWORD, startPool } from './hosted-app.js';

let server: LocalUserPoolServer;

beforeAll(async () => {
  ({ server } = await startPool());
});

afterAll(() => server.close());

async function start(fetch: HostedUiFetch, options: object = {}): Promise<HostedApp> {
  const hosted = await HostedApp.start('express', server, { hostedUi: { fetch, ...options } });
  onTestFinished(() => hosted.close());
  return hosted;
}

/** What a sign-in ends with when this fetches. */
async function outcomeOf(fetch: HostedUiFetch, options?: object) {
  const browser = (await start(fetch, options)).browser();
  const page = await browser.open(`${APP}/auth/login`);
  const visit = await browser.call(locationOf(await browser.submit(page, 'alice', PASSWORD)));
  return visit.status === 302 ? [302, undefined] : refusalOf(visit);
}

const UNAVAILABLE = [503, 'identity_provider_unavailable'];
const answer = (body: string | null, init?: ResponseInit) => () =>
  Promise.resolve(new Response(body, init));

describe('The option fetch', () => {
  it('sends what goes to Cognito: sign-in, refresh and sign-out', async () => {
    const addresses: string[] = [];
    const browser = await (
      await start((address, init) => {
        addresses.push(`${init.method} ${address}`);
        return fetch(address, init);
      })
    ).signedIn();
    expect((await browser.call(`${APP}/auth/refresh`, { method: 'POST' })).status).toBe(200);
    expect((await browser.navigate(`${APP}/auth/logout`)).status).toBe(302);
    expect(addresses).toEqual([
      `POST ${server.domain}/oauth2/token`,
      `POST ${server.domain}/oauth2/token`,
      `POST ${server.domain}/oauth2/revoke`,
    ]);
  });

  it.each<[string, HostedUiFetch]>([
    ['fails', () => Promise.reject(new Error('certificate'))],
    [
      'throws',
      () => {
        throw new Error('certificate');
      },
    ],
    ['gives nothing', () => Promise.resolve(undefined as never)],
    [
      'has followed a redirect',
      async (address, init) => {
        const { status, headers, body } = await fetch(address, init);
        return { status, headers, body, redirected: true };
      },
    ],
    ['is redirected', answer(null, { status: 302, headers: { location: 'https://evil.example' } })],
    ['is answered 500', answer('{}', { status: 500 })],
    ['is answered 429', answer('{}', { status: 429 })],
    ['is answered with a page', answer('<html>', { headers: { 'content-type': 'text/html' } })],
    ['is answered without end', answer('x'.repeat(300 * 1024))],
    [
      'gives a body that is none',
      () => Promise.resolve({ status: 200, headers: new Headers(), body: {} }),
    ],
    [
      'gives a status that is none',
      () => Promise.resolve({ status: 42, headers: new Headers(), body: null }),
    ],
  ])('that %s is answered with 503', async (_name, fetch) => {
    expect(await outcomeOf(fetch)).toEqual(UNAVAILABLE);
  });

  it.each<[string, HostedUiFetch]>([
    ['answers', () => new Promise(() => undefined)],
    [
      'ends its body',
      () =>
        Promise.resolve(
          new Response(new ReadableStream({ pull: () => new Promise(() => undefined) })),
        ),
    ],
  ])('that never %s is waited for as long as any other', async (_name, fetch) => {
    expect(await outcomeOf(fetch, { timeout: 200 })).toEqual(UNAVAILABLE);
  });

  it('goes through a proxy with undici', async () => {
    const proxied: string[] = [];
    const proxy = createServer().on('connect', (request, socket) => {
      proxied.push(`CONNECT ${request.url}`);
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
    proxy.on('request', (request, response) => {
      proxied.push(`${request.method} ${request.url}`);
      response.writeHead(502).end();
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void proxy.close());
    const { port } = proxy.address() as AddressInfo;
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${port}`);
    vi.stubEnv('NO_PROXY', '');
    const dispatcher = new EnvHttpProxyAgent();
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await dispatcher.destroy();
    });
    const outcome = await outcomeOf((address, init) =>
      undiciFetch(address, { ...init, dispatcher }),
    );
    expect(outcome).toEqual(UNAVAILABLE);
    expect(proxied.length).toBeGreaterThan(0);
    expect(proxied[0]).toContain(new URL(server.domain).host);
  });
});
