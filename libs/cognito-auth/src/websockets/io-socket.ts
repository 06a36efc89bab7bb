import { SocketMessage } from '../index.js';
import type { Handshake } from '../index.js';
import type { ClientSocket } from './client-socket.js';
import type { Refusal } from './refusal.js';

/** What this library uses of a socket of socket.io. */
export interface IoClient {
  readonly handshake: Handshake;
  readonly request?: { readonly rawHeaders?: readonly string[] };
  readonly id: string;
  recovered?: boolean;
  readonly rooms: ReadonlySet<string>;
  readonly nsp: { readonly adapter: { delAll(id: string): void } };
  readonly conn: { close(): void };
  /** Of all namespaces that share the connection. */
  readonly client: { readonly sockets?: { readonly size: number } };
  use(middleware: (packet: readonly unknown[], next: () => void) => void): unknown;
  emit(event: string, data: object): unknown;
  once(event: 'disconnect', listener: () => void): unknown;
  join(rooms: string | string[]): unknown;
  disconnect(): unknown;
}

export function isIoSocket(client: object): client is IoClient {
  return 'handshake' in client && 'conn' in client && 'use' in client;
}

/** Messages that are kept at most; socket.io cannot pause a connection that others share. */
const MOST_KEPT = 100;

export class IoSocket implements ClientSocket {
  readonly handshake: SocketMessage;

  private filter?: (packet: readonly unknown[], next: () => void) => void;
  private isFiltered = false;
  private readonly kept: (() => void)[] = [];
  /** Those of a socket that is concealed. */
  private rooms?: string[];

  constructor(private readonly client: IoClient) {
    const { handshake, request } = client;
    const { rawHeaders } = request ?? {};
    this.handshake = new SocketMessage(client, { rawHeaders, ...handshake }, undefined);
  }

  // A socket without rooms, its own among them, gets nothing that is sent to a namespace.
  conceal(): void {
    const { id, nsp, rooms } = this.client;
    // Whoever was let in again is not concealed.
    this.client.recovered = false;
    this.rooms = [...rooms];
    nsp.adapter.delAll(id);
  }

  reveal(): void {
    if (this.rooms) this.client.join(this.rooms);
    this.rooms = undefined;
  }

  hold(overflow: () => void): void {
    this.filterBy((_packet, next) => {
      if (this.kept.length < MOST_KEPT) this.kept.push(next);
      else overflow();
    });
  }

  release(): void {
    this.filter = undefined;
    for (const next of this.kept.splice(0)) next();
  }

  expect(event: string, otherwise: () => void): void {
    const { filter } = this;
    this.filterBy(([name], next) => {
      if (name !== event) return otherwise();
      // What follows arrives before whoever takes the event gets to see it.
      this.filter = filter;
      next();
    });
  }

  send(event: string, data: object): void {
    const { client } = this;
    // With connectionStateRecovery an event to one socket takes the way through its room, too.
    if (this.rooms) client.join(client.id);
    client.emit(event, data);
    if (this.rooms) client.nsp.adapter.delAll(client.id);
  }

  close({ body }: Refusal): void {
    this.filterBy(() => undefined);
    this.kept.length = 0;
    this.send('exception', body);
    this.client.disconnect();
    // Other namespaces have tokens of their own, and go on; without any, nothing does.
    if (!this.client.client.sockets?.size) this.client.conn.close();
  }

  onClose(listener: () => void): void {
    this.client.once('disconnect', listener);
  }

  private filterBy(filter: NonNullable<IoSocket['filter']>): void {
    this.filter = filter;
    if (this.isFiltered) return;
    this.isFiltered = true;
    this.client.use((packet, next) => (this.filter ? this.filter(packet, next) : next()));
  }
}
