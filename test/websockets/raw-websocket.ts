import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';

/** A WebSocket client that does only what it is told: it answers no close, and no ping. */
export class RawWebSocket {
  private received = Buffer.alloc(0);

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
    socket.on('error', () => undefined);
  }

  static async connect(
    app: INestApplication,
    headers: Record<string, string | string[]>,
  ): Promise<RawWebSocket> {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': Buffer.alloc(16).toString('base64'),
    };
    const call = request(await app.getUrl(), { headers: { ...upgrade, ...headers } });
    call.end();
    const [, socket, head] = (await once(call, 'upgrade')) as [unknown, Socket, Buffer];
    socket.unshift(head);
    return new RawWebSocket(socket);
  }

  /** Sends messages in one piece. */
  send(...messages: object[]): void {
    this.socket.write(Buffer.concat(messages.map(frameOf)));
  }

  /** Resolves with what the server sent, once that has this text. */
  async receive(text: string): Promise<string> {
    while (!this.received.includes(text, 0, 'latin1')) await once(this.socket, 'data');
    const sent = this.received.toString('latin1');
    this.received = Buffer.alloc(0);
    return sent;
  }

  end(): void {
    this.socket.end();
  }
}

// RFC 6455 §5.2: a final text frame with a mask, of zeros here.
function frameOf(message: object): Buffer {
  const payload = Buffer.from(JSON.stringify(message));
  const length = Buffer.alloc(3);
  length[0] = 0x80 | 126;
  length.writeUInt16BE(payload.length, 1);
  return Buffer.concat([Buffer.from([0x81]), length, Buffer.alloc(4), payload]);
}
