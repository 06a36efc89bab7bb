import { parse } from 'node:querystring';
import { SocketMessage } from '../index.js';
import type { ClientSocket } from './client-socket.js';
import type { Refusal } from './refusal.js';

/** What this library uses of a socket of ws, or of another that is like it. */
interface WsClient {
  readonly readyState: number;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  once(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  pause?(): void;
  resume?(): void;
  send: (text: string) => void;
  close(code: number, reason: string): void;
}

/** The request of an upgrade, as Node presents it. */
interface UpgradeRequest {
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  readonly socket?: { readonly encrypted?: boolean };
}

const OPEN = 1;

export class WsSocket implements ClientSocket {
  readonly handshake: SocketMessage;

  private readonly client: WsClient;
  private readonly sendText: (text: string) => void;
  private readonly kept: unknown[][] = [];
  private isHeld = false;

  constructor(client: object, request: unknown) {
    this.client = client as WsClient;
    this.sendText = this.client.send.bind(client);
    this.handshake = handshakeOf(client, request);
  }

  // Whoever sends to all finds the sockets in the list of the server, which needs all of them.
  conceal(): void {
    Object.defineProperty(this.client, 'send', { value: sendNothing, configurable: true });
  }

  reveal(): void {
    Reflect.deleteProperty(this.client, 'send');
  }

  // What has arrived already goes on being emitted; it is at most one chunk of the connection.
  hold(): void {
    if (this.isHeld) return;
    this.isHeld = true;
    this.client.pause?.();
    this.client.on('message', this.keep);
  }

  release(): void {
    this.isHeld = false;
    this.client.off('message', this.keep);
    for (const message of this.kept.splice(0)) this.client.emit('message', ...message);
    if (!this.isHeld) this.client.resume?.();
  }

  /** Call it when who takes the event listens already: what is still expected then is another. */
  expect(_event: string, otherwise: () => void): void {
    this.client.once('message', () => {
      if (!this.isHeld) otherwise();
    });
    this.release();
  }

  send(event: string, data: object): void {
    if (this.client.readyState === OPEN) this.sendText(JSON.stringify({ event, data }));
  }

  close({ body, closeCode, reason }: Refusal): void {
    this.send('exception', body);
    this.client.close(closeCode, reason);
    // A paused socket would not see the answer of the client.
    this.kept.length = 0;
    this.client.off('message', this.keep);
    this.client.resume?.();
  }

  onClose(listener: () => void): void {
    this.client.once('close', listener);
  }

  private readonly keep = (...message: unknown[]): void => {
    this.kept.push(message);
  };
}

/** As ws does with a socket that is closed. */
function sendNothing(...args: unknown[]): void {
  const callback = args.at(-1);
  if (typeof callback !== 'function') return;
  process.nextTick(callback, new Error('The socket is not authenticated'));
}

function handshakeOf(client: object, request: unknown): SocketMessage {
  const { url = '', headers, rawHeaders, socket } = (request ?? {}) as UpgradeRequest;
  const [, search = ''] = url.split('?', 2);
  const secure = socket?.encrypted === true;
  return new SocketMessage(
    client,
    { headers, rawHeaders, query: parse(search), secure },
    undefined,
  );
}
