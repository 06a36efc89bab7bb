import { accepted, numbered, refused } from '../attack.js';
import type { Attack, Unnumbered } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { bytesOf, get, post } from '../raw-http.js';
import type { WireRequest } from '../raw-http.js';
import { request } from './carried.js';
import { MARKER } from '../names.js';

const ACCEPTED = accepted({ username: 'mallory' });

const forged = (kit: AttackKit) => kit.pool.forgedToken();

const elsewhere: readonly Unnumbered[] = [
  request('a token in the query under names of tokens', (token) => ({
    to: (target) => bytesOf(`GET ${target}?access_token=${token}&token=${token} HTTP/1.1`, []),
  })),
  request('a token in the query under the name of the header', (token) => ({
    to: (target) => bytesOf(`GET ${target}?authorization=Bearer%20${token} HTTP/1.1`, []),
  })),
  request('a token in cookies', (token) => get([`Cookie: access_token=${token}; token=${token}`])),
  request('a token in a JSON body', (token) =>
    post([], JSON.stringify({ access_token: token, token, headers: { authorization: token } })),
  ),
  request('a token in a form', (token) => ({
    to: (target) => {
      const body = `access_token=${token}`;
      const type = 'Content-Type: application/x-www-form-urlencoded';
      const length = `Content-Length: ${body.length}`;
      return bytesOf(`POST ${target} HTTP/1.1`, [type, length]) + body;
    },
  })),
  request('a token in the trailer of a chunked body', (token) => ({
    to: (target) => {
      const announced = ['Transfer-Encoding: chunked', 'Trailer: Authorization'];
      const head = bytesOf(`POST ${target} HTTP/1.1`, [
        'Content-Type: application/json',
        ...announced,
      ]);
      return `${head}2\r\n{}\r\n0\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    },
  })),
  request('a token in the Referer', (token) => get([`Referer: https://a.example/#${token}`])),
  request('a token for a WebSocket', (token) => get([`Sec-WebSocket-Protocol: bearer, ${token}`])),
];

const methods: readonly Unnumbered[] = [
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].flatMap((method) => [
    request(`${method} without a token`, () => byMethod(method, [])),
    request(
      `${method} with a token`,
      (token) => byMethod(method, [`Authorization: Bearer ${token}`]),
      ACCEPTED,
    ),
  ]),
  request('HEAD without a token', () => ({ ...byMethod('HEAD', []), isHead: true })),
  request(
    'HEAD with a token',
    (token) => ({ ...byMethod('HEAD', [`Authorization: Bearer ${token}`]), isHead: true }),
    ACCEPTED,
  ),
  {
    title: 'HEAD with a forged token',
    make: (kit) => {
      const token = forged(kit);
      const head = byMethod('HEAD', [`Authorization: Bearer ${token}`]);
      return { ...head, isHead: true, tokens: [token] };
    },
    expect: refused('invalid_signature'),
  },
  {
    title: 'OPTIONS with a forged token',
    make: (kit) => {
      const token = forged(kit);
      return { ...byMethod('OPTIONS', [`Authorization: Bearer ${token}`]), tokens: [token] };
    },
    expect: refused('invalid_signature'),
  },
  request(
    'HTTP/1.0 with a token',
    (token) => ({
      to: (target) => bytesOf(`GET ${target} HTTP/1.0`, [`Authorization: Bearer ${token}`]),
    }),
    ACCEPTED,
  ),
];

const BAD_EXTRACTORS: Record<string, () => unknown> = {
  throws: () => {
    throw new Error(MARKER);
  },
  'throws something that is no error': () => {
    // oxlint-disable-next-line no-throw-literal, only-throw-error -- what an extractor may do
    throw MARKER;
  },
  'finds a list': () => [MARKER, MARKER],
  'finds a number': () => 7,
  'finds an object': () => ({ toString: () => MARKER }),
  'promises a list': () => Promise.resolve([MARKER, MARKER]),
  'breaks its promise': () => Promise.reject(new Error(MARKER)),
  // oxlint-disable-next-line unicorn/no-thenable -- what an extractor may find
  'finds a thenable that never answers': () => ({ then: () => undefined }),
  'finds true': () => true,
};

const extractors: readonly Unnumbered[] = Object.entries(BAD_EXTRACTORS).map(([name, extract]) => ({
  title: `a request whose extractor ${name}`,
  make: () => get(['X-Extract: badly']),
  options: {
    tokenFrom: ({ headers }: { headers: Record<string, string | undefined> }) =>
      headers['x-extract']
        ? (extract() as string)
        : (headers['authorization']?.replace('Bearer ', '') ?? null),
  },
  expect: refused('malformed_request'),
}));

export const requests: readonly Attack[] = numbered('request', [
  ...elsewhere,
  ...methods,
  ...extractors,
]);

function byMethod(method: string, headerLines: readonly string[]): Omit<WireRequest, 'tokens'> {
  return {
    to: (target) => bytesOf(`${method} ${target} HTTP/1.1`, [...headerLines, 'Content-Length: 0']),
  };
}
