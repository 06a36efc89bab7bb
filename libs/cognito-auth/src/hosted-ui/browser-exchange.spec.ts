import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BrowserExchange } from './browser-exchange.js';

const OURS = 'session=s; Max-Age=60; Path=/; HttpOnly; Secure; SameSite=Lax';

describe('The cookies of an answer', () => {
  it.each<[string, (response: ServerResponse) => void, string[]]>([
    ['nothing else', (response) => response.end('ok'), []],
    [
      'a header that is set later',
      (response) => response.setHeader('Set-Cookie', 'a=1').end('ok'),
      ['a=1'],
    ],
    [
      'headers that are written with the status',
      (response) => response.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }).end('ok'),
      ['a=1', 'b=2'],
    ],
    [
      'headers in a list, after a reason',
      (response) =>
        response.writeHead(200, 'Fine', ['Set-Cookie', 'a=1', 'set-cookie', 'b=2']).end('ok'),
      ['a=1', 'b=2'],
    ],
    [
      'an answer that is streamed',
      (response) => {
        response.write('o');
        response.end('k');
      },
      [],
    ],
  ])('stand beside %s', async (_, answer, others) => {
    const received = await answerTo((request, response) => {
      const exchange = new BrowserExchange(request, response);
      exchange.setCookie('session', 'former', { isSecure: true, maxAge: 60 });
      exchange.setCookie('session', 's', { isSecure: true, maxAge: 60 });
      answer(response);
    });
    expect(received.status).toBe(200);
    expect(await received.text()).toBe('ok');
    expect(received.headers.getSetCookie()).toEqual([...others, OURS]);
  });

  it('leave an answer alone that has none', async () => {
    const received = await answerTo((request, response) => {
      expect(new BrowserExchange(request, response).cookies['a']).toBe('1');
      response.end();
    });
    expect(received.headers.getSetCookie()).toEqual([]);
  });
});

async function answerTo(listener: RequestListener): Promise<Response> {
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/`, { headers: { cookie: 'a=1', connection: 'close' } });
}
