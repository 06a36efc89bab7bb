import { describe, expect, it } from 'vitest';
import { SocketMessage } from './socket-message.js';

/** Whether the cookie of a handshake with these headers counts. */
function hasCookie(headers: Record<string, string | string[]>, secure?: boolean): boolean {
  const message = new SocketMessage({}, { headers: { cookie: 'token=1', ...headers }, secure }, 0);
  return message.headers['cookie'] === 'token=1';
}

describe('The cookies of a handshake', () => {
  it.each([
    ['no browser names an origin', {}],
    ['the site itself', { origin: 'https://example.com', host: 'example.com' }],
    ['the site on its port', { origin: 'https://example.com:8443', host: 'example.com:8443' }],
    ['the site on the default port', { origin: 'https://example.com:443', host: 'example.com' }],
    ['the site behind a proxy that ends TLS', { origin: 'https://a.example', host: 'a.example' }],
    ['the site by its address', { origin: 'http://[::1]:3000', host: '[::1]:3000' }],
  ])('count: %s', (_, headers) => {
    expect(hasCookie(headers)).toBe(true);
  });

  it.each([
    ['another site', { origin: 'https://evil.example', host: 'example.com' }],
    ['a subdomain', { origin: 'https://www.example.com', host: 'example.com' }],
    ['another port', { origin: 'https://example.com:8443', host: 'example.com' }],
    ['a host that begins the same', { origin: 'https://example.com.evil', host: 'example.com' }],
    ['a name in the address', { origin: 'https://example.com@evil.example', host: 'example.com' }],
    ['a sandboxed page', { origin: 'null', host: 'example.com' }],
    ['a sandboxed page and such a host', { origin: 'null', host: 'null' }],
    ['an empty origin', { origin: '', host: '' }],
    ['a file', { origin: 'file://', host: '' }],
    ['two origins', { origin: ['https://example.com', 'https://b.example'], host: 'example.com' }],
    ['no host', { origin: 'https://example.com' }],
    [
      'a proxy that hides the host',
      { origin: 'https://example.com', host: 'backend:3000', 'x-forwarded-host': 'example.com' },
    ],
  ])('do not count: %s', (_, headers) => {
    expect(hasCookie(headers)).toBe(false);
  });

  it('do not count over TLS when the page came without', () => {
    const headers = { origin: 'http://example.com', host: 'example.com' };
    expect(hasCookie(headers, true)).toBe(false);
    expect(hasCookie(headers, false)).toBe(true);
    expect(hasCookie({ ...headers, origin: 'https://example.com' }, true)).toBe(true);
  });

  it('are all that a foreign handshake loses', () => {
    const headers = { cookie: 'a=1', origin: 'https://evil.example', host: 'h', 'x-token': 't' };
    const { cookie: _, ...others } = headers;
    expect(new SocketMessage({}, { headers }, 0).headers).toEqual(others);
  });
});

describe('SocketMessage.from()', () => {
  it('takes the handshake of socket.io, and the headers as they were sent', () => {
    const rawHeaders = ['X-Token', 't'];
    const handshake = { headers: { 'x-token': 't' }, query: { q: '1' }, auth: { token: 'a' } };
    const socket = { handshake, request: { rawHeaders } };
    expect(SocketMessage.from(socket, 'payload')).toMatchObject({
      connection: socket,
      data: 'payload',
      headers: { 'x-token': 't' },
      query: { q: '1' },
      rawHeaders,
      handshake,
    });
  });

  it('finds nothing to look at in a socket without one', () => {
    expect(SocketMessage.from({}, 1)).toMatchObject({ headers: {}, query: {}, handshake: {} });
  });

  it.each([undefined, null, 'socket', 7])('is nothing for %j', (socket) => {
    expect(SocketMessage.from(socket, {})).toBeUndefined();
  });
});
