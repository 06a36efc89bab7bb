import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** How one request for a key set is answered, well or badly. */
export type Script = (response: ServerResponse, request: IncomingMessage) => void;

/** A certificate and its key, for HTTPS. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** An endpoint for key sets that does what its script says, and counts what it is asked for. */
export class JwksServer {
  /** How many requests came. */
  requests = 0;
  /** Bytes that were handed to all connections. */
  bytesSent = 0;
  /** Answers that have begun and are neither complete nor given up by the client. */
  openAnswers = 0;

  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly origin: string,
    private readonly port: number,
    /** How requests are answered from now on. */
    public script: Script,
  ) {}

  static async start(script: Script, tls?: TlsIdentity): Promise<JwksServer> {
    const handler: RequestListener = (request, response) => jwksServer.answer(request, response);
    const server: Server = tls ? createTlsServer(tls, handler) : createServer(handler);
    // A connection that the server gives up just when it is used again would be one fault too many.
    server.keepAliveTimeout = 0;
    const origin = tls ? 'https://localhost' : 'http://127.0.0.1';
    const jwksServer = new JwksServer(server, origin, await listenOnKeptPort(server), script);
    server.on('connection', (socket) => jwksServer.keepAccountOf(socket));
    return jwksServer;
  }

  /** Where the key set is. */
  get uri(): string {
    return `${this.issuer}/.well-known/jwks.json`;
  }

  /** The issuer whose key set this is, when nothing says otherwise. */
  get issuer(): string {
    return `${this.origin}:${this.port}/pool`;
  }

  /** Refuses all connections, until it comes up again. */
  async goDown(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  async comeUp(): Promise<void> {
    await listen(this.server, this.port);
  }

  async close(): Promise<void> {
    if (this.server.listening) await this.goDown();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    this.openAnswers += 1;
    response.once('close', () => {
      this.openAnswers -= 1;
    });
    this.script(response, request);
  }

  private keepAccountOf(socket: Socket): void {
    this.sockets.add(socket);
    // A client that gives up in the middle is what many scripts are about.
    socket.on('error', () => undefined);
    socket.once('close', () => {
      this.sockets.delete(socket);
      this.bytesSent += socket.bytesWritten;
    });
  }
}

/**
 * Listens on a port that no system hands out by itself, so that nobody else gets it while the
 * server is down. RFC 6335 §6 has them begin at 49152, Linux at 32768.
 */
async function listenOnKeptPort(server: Server): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    try {
      await listen(server, port);
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
}
