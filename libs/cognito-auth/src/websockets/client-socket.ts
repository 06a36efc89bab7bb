import type { SocketMessage } from '../index.js';
import { isIoSocket, IoSocket } from './io-socket.js';
import type { Refusal } from './refusal.js';
import { WsSocket } from './ws-socket.js';

/** What authentication needs of a socket, whichever package it is of. */
export interface ClientSocket {
  /** What extractors look at. */
  readonly handshake: SocketMessage;
  /** Keeps what the application sends to all sockets from this one, until `reveal()`. */
  conceal(): void;
  reveal(): void;
  /**
   * Keeps messages from everybody who listens, until `release()`.
   *
   * @param overflow called when there are more than can be kept
   */
  hold(overflow: () => void): void;
  /** Lets messages through, the kept ones first. */
  release(): void;
  /**
   * Lets one message through, and holds what follows.
   *
   * @param otherwise called when it is not this event, which then reaches nobody
   */
  expect(event: string, otherwise: () => void): void;
  send(event: string, data: object): void;
  /** Tells the client why, and closes. */
  close(refusal: Refusal): void;
  onClose(listener: () => void): void;
}

/** @param request the upgrade request, which comes with the sockets of ws */
export function clientSocketOf(client: object, request: unknown): ClientSocket {
  return isIoSocket(client) ? new IoSocket(client) : new WsSocket(client, request);
}
