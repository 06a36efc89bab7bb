import { describe, expect, it } from 'vitest';
import { SocketMessage } from './socket-message.js';

const OWN = { origin: 'https://example.com' };

/** Whether the cookie of a handshake with these headers counts. */
function hasCookie(
  headers: Record<string, string | string[]>,
  secure?: boolean,
  query?: object,
): boolean {
  const handshake = { headers: { cookie: 'token=1', ...headers }, secure, query: { ...query } };
  const message = new SocketMessage({}, handshake, 0);
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

  it.each([
    ['a page of the site', { 'sec-fetch-site': 'same-origin' }, true],
    ['the address bar', { 'sec-fetch-site': 'none' }, true],
    ['a page that names itself, too', { 'sec-fetch-site': 'same-origin', ...OWN }, true],
    ['another site', { 'sec-fetch-site': 'cross-site' }, false],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }, false],
    [
      'a neighbour that names itself like the site',
      { 'sec-fetch-site': 'same-site', ...OWN },
      false,
    ],
    ['another site in other letters', { 'sec-fetch-site': 'Same-Origin' }, false],
    ['two places', { 'sec-fetch-site': 'same-origin, cross-site' }, false],
    ['a list of places', { 'sec-fetch-site': ['same-origin'] }, false],
    ['nowhere', { 'sec-fetch-site': '' }, false],
    ['another origin of the same', { 'sec-fetch-site': 'same-origin', origin: 'null' }, false],
  ])('count by what the browser says of the page: %s', (_, headers, counts) => {
    for (const query of [{}, { j: '0' }]) {
      expect(hasCookie({ host: 'example.com', ...headers }, false, query)).toBe(counts);
    }
  });

  it.each([
    ['0', {}, false],
    ['', {}, false],
    [['0', '1'], {}, false],
    ['0', OWN, true],
    ['0', { origin: 'https://evil.example' }, false],
    [undefined, {}, true],
  ])(
    'of what is answered with a script, j=%j, do not count for a page unknown: %j',
    (j, headers, counts) => {
      expect(hasCookie({ host: 'example.com', ...headers }, false, { j })).toBe(counts);
    },
  );

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
