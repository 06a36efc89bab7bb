import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { hostError, portError } from './listen-errors.js';

/**
 * Where the API will listen. The port is held from the start, also a free one: a sign-in has to
 * know where to come back to before there is an API.
 */
export class ApiAddress {
  private constructor(
    private readonly host: string,
    readonly port: number,
    private readonly holder: Server,
  ) {}

  /**
   * @param port 0 for any that is free
   * @throws SetupError when the port or the host cannot be had
   */
  static async hold(host: string, port: number): Promise<ApiAddress> {
    const holder = createServer((connection) => connection.destroy());
    try {
      await once(holder.listen(port, host), 'listening');
    } catch (error) {
      throw hostError(error, host) ?? portError(error, port, 'PORT');
    }
    return new ApiAddress(host, (holder.address() as AddressInfo).port, holder);
  }

  /** What people open, without a slash at its end. */
  get url(): string {
    return urlOf(this.host, this.port);
  }

  /** Lets the API listen there. */
  async give(app: INestApplication): Promise<void> {
    this.release();
    try {
      await app.listen(this.port, this.host);
    } catch (error) {
      throw portError(error, this.port, 'PORT');
    }
  }

  release(): void {
    this.holder.close();
  }
}

/** The address of what listens there, as browsers write it: without the port 80. */
export function urlOf(host: string, port: number): string {
  return new URL(`http://${hostnameFor(host)}:${port}`).origin;
}

// All of them are reached as localhost, with IPv4 or IPv6.
const LOCAL_HOSTS = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

function hostnameFor(host: string): string {
  if (LOCAL_HOSTS.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
