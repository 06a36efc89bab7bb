import { once } from 'node:events';
import type { INestApplication } from '@nestjs/common';
import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import { io } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';

/** The packages that everything has to hold with: `describe.each(PLATFORMS)('With %s', …)`. */
export const PLATFORMS = ['socket.io', 'ws'] as const;

export type Platform = (typeof PLATFORMS)[number];

/** What a server says. */
export interface Said {
  event: string;
  data: unknown;
}

/** How a connection ended: ws says it with a close code and a reason. */
export interface Ending {
  code?: number;
  reason: string;
}

/** How a client connects. */
export interface ConnectionSetup {
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  headers?: Record<string, string>;
  /** What only socket.io has: the `auth` of its handshake, and namespaces. */
  auth?: unknown;
  namespace?: string;
}

/** A client of either package, seen the same way. */
export interface Client {
  send(event: string, data?: unknown): void;
  /** The next thing that the server says; a refused connection says `exception`, too. */
  said(): Promise<Said>;
  ended: Promise<Ending>;
  close(): void;
}

/** Starts to connect, and closes the client when the test ends. */
export async function connect(
  platform: Platform,
  app: INestApplication,
  { token, headers = {}, ...setup }: ConnectionSetup = {},
): Promise<Client> {
  const url = await app.getUrl();
  const all = { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
  const client =
    platform === 'ws' ? connectWs(url, all) : connectSocketIo(url, { headers: all, ...setup });
  onTestFinished(() => client.close());
  return client;
}

function connectWs(url: string, headers: Record<string, string>): Client {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  const inbox = new Inbox();
  const opened = once(socket, 'open');
  opened.catch(() => undefined);
  socket.on('message', (data: Buffer) => inbox.put(JSON.parse(data.toString()) as Said));
  return {
    send: (event, data) => void opened.then(() => socket.send(JSON.stringify({ event, data }))),
    said: () => inbox.take(),
    ended: new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    }),
    close: () => socket.terminate(),
  };
}

function connectSocketIo(url: string, { headers, auth, namespace = '/' }: ConnectionSetup): Client {
  const socket = io(url + namespace, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    extraHeaders: headers,
    auth: auth as object,
  });
  const inbox = new Inbox();
  socket.onAny((event: string, data: unknown) => inbox.put({ event, data }));
  socket.on('connect_error', (error: Error & { data?: unknown }) =>
    inbox.put({ event: 'exception', data: error.data }),
  );
  return {
    send: (event, data) =>
      void (data === undefined ? socket.emit(event) : socket.emit(event, data)),
    said: () => inbox.take(),
    ended: new Promise((resolve) => {
      socket.once('disconnect', (reason) => resolve({ reason }));
      socket.once('connect_error', () => resolve({ reason: 'connect_error' }));
    }),
    close: () => socket.disconnect(),
  };
}

/** What arrived and what is awaited, in order. */
class Inbox {
  private readonly arrived: Said[] = [];
  private readonly awaited: ((said: Said) => void)[] = [];

  put(said: Said): void {
    const awaits = this.awaited.shift();
    if (awaits) awaits(said);
    else this.arrived.push(said);
  }

  async take(): Promise<Said> {
    return this.arrived.shift() ?? new Promise((resolve) => this.awaited.push(resolve));
  }
}

// What the documentation promises, written down a second time and not read from the library.
const STATUS: Partial<Record<CognitoAuthErrorCode, [number, string]>> = {
  malformed_request: [400, 'Bad Request'],
  missing_token: [401, 'Unauthorized'],
  malformed_token: [401, 'Unauthorized'],
  invalid_signature: [401, 'Unauthorized'],
  token_expired: [401, 'Unauthorized'],
  token_revoked: [401, 'Unauthorized'],
  wrong_client: [401, 'Unauthorized'],
  wrong_token_use: [401, 'Unauthorized'],
  insufficient_group: [403, 'Forbidden'],
  insufficient_scope: [403, 'Forbidden'],
  wrong_principal: [403, 'Forbidden'],
  hook_failed: [503, 'Service Unavailable'],
};

/** What a client is told when a message or its connection is refused. */
export function exception(code: CognitoAuthErrorCode): Said {
  const [statusCode, error] = STATUS[code] ?? [];
  const message: unknown = expect.stringMatching(/^[\x20-\x7e]+$/);
  const retryAfter = statusCode === 503 ? { retryAfter: 1 } : {};
  return {
    event: 'exception',
    data: { status: 'error', statusCode, error, code, message, ...retryAfter },
  };
}

/** How a connection ends that the server closes for this reason. */
export function closing(platform: Platform, code: CognitoAuthErrorCode): Ending {
  const [status = 0] = STATUS[code] ?? [];
  if (platform === 'ws') return { code: 4000 + status, reason: code };
  return { reason: 'io server disconnect' };
}

/** How a connection ends that the server does not take up. */
export function refusing(platform: Platform, code: CognitoAuthErrorCode): Ending {
  return platform === 'ws' ? closing(platform, code) : { reason: 'connect_error' };
}
