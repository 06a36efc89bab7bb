import type { CognitoAuthService, CognitoPrincipal } from '../index.js';
import { clientSocketOf } from './client-socket.js';
import type { ResolvedWsOptions } from './cognito-ws.options.js';
import { Connection } from './connection.js';
import type { ConnectionSetup } from './connection.js';
import { Rechecks } from './rechecks.js';
import { refusalOf } from './refusal.js';

/** Of every adapter in the process: a socket belongs to one. */
const connections = new WeakMap<object, Connection>();

/**
 * Whom a socket speaks for, as of its last authentication; `undefined` while it is anonymous.
 *
 * For `handleConnection()` and whatever else is no message; handlers have `@CurrentUser()`.
 */
export function principalOf(socket: object): CognitoPrincipal | undefined {
  return connections.get(socket)?.principal;
}

/** The sockets of an adapter, and which of them the application gets to see. */
export class Connections {
  private readonly setup: ConnectionSetup;

  constructor(
    auth: CognitoAuthService,
    options: ResolvedWsOptions,
    bindAuthenticate: ConnectionSetup['bindAuthenticate'],
  ) {
    const rechecks = new Rechecks(options.recheckEvery);
    this.setup = {
      auth,
      options,
      bindAuthenticate,
      entered: (connection) => rechecks.add(connection),
      left: (connection) => rechecks.delete(connection),
    };
  }

  /** Shows a socket to the application once it is authenticated. */
  enter(client: object, request: unknown, entrance: () => void): void {
    this.connectionOf(client, request).enter(entrance);
  }

  isOpen(client: object): boolean {
    return connections.get(client)?.isOpen === true;
  }

  /**
   * Whom a new socket speaks for, as a text; `undefined` as long as it has to authenticate.
   *
   * @throws CognitoAuthError, or what a hook throws
   */
  async callerOf(socket: object): Promise<string | undefined> {
    const connection = this.connectionOf(socket);
    await connection.checkHandshake();
    return connection.caller;
  }

  /** Whom a socket speaks for that has been let in. */
  admittedCallerOf(socket: object | undefined): string | undefined {
    return socket && connections.get(socket)?.caller;
  }

  /** The middleware of a socket.io namespace: who is refused by it does not even connect. */
  readonly middleware = (socket: object, proceed: (error?: Error) => void): void => {
    void this.connectErrorOf(socket).then(proceed);
  };

  private async connectErrorOf(socket: object): Promise<Error | undefined> {
    const connection = this.connectionOf(socket);
    try {
      await connection.checkHandshake();
      return undefined;
    } catch (error) {
      connection.report(error);
      const { body } = refusalOf(error);
      // The client gets message and data, and nothing else.
      return Object.assign(new Error(String(body['message'])), { data: body });
    }
  }

  private connectionOf(client: object, request?: unknown): Connection {
    let connection = connections.get(client);
    if (!connection) {
      connection = new Connection(client, clientSocketOf(client, request), this.setup);
      connections.set(client, connection);
    }
    return connection;
  }
}
