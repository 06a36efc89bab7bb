import type { INestApplicationContext, WebSocketAdapter, WsMessageHandler } from '@nestjs/common';
import { from } from 'rxjs';
import { RegisteredCognitoAuthService } from '../index.js';
import { resolveWsOptions } from './cognito-ws.options.js';
import type { CognitoWsOptions } from './cognito-ws.options.js';
import { Connections } from './connections.js';
import { IoRecovery } from './io-recovery.js';

/**
 * Makes a WebSocket adapter of Nest authenticate its sockets: gateways get to see only those whose
 * token is good, and a socket is closed when its token expires or is revoked.
 *
 * It changes the adapter that it is given, and returns it. It knows socket.io and ws, and whatever
 * has sockets like theirs.
 *
 * @example `app.useWebSocketAdapter(withCognitoAuth(app, new IoAdapter(app)))`
 * @throws CognitoAuthOptionsError, or TypeError when a rule is not what its type says
 */
export function withCognitoAuth<Adapter extends WebSocketAdapter>(
  app: Pick<INestApplicationContext, 'get'>,
  adapter: Adapter,
  options: CognitoWsOptions = {},
): Adapter {
  const resolved = resolveWsOptions(options);
  const auth = app.get(RegisteredCognitoAuthService);
  auth.checkRules(resolved.rules, 'withCognitoAuth()');
  const create = adapter.create.bind(adapter);
  const bindClientConnect = adapter.bindClientConnect.bind(adapter);
  const bindMessageHandlers = adapter.bindMessageHandlers.bind(adapter);
  auth.checkExtractors(resolved.tokenFrom ?? []);
  const connections = new Connections(auth, resolved, bindAuthenticate);
  const recovery = new IoRecovery(connections);
  const namespaces = new WeakSet<Namespace>();

  // Not one of Nest's handlers, but the adapter finds its messages in whatever form they come.
  function bindAuthenticate(client: object, take: (data: unknown, reply: unknown) => void): void {
    const callback = async (data: unknown, reply: unknown) => take(data, reply);
    const handler = { message: resolved.authenticateEvent, callback, isAckHandledManually: true };
    bindMessageHandlers(client, [handler], from);
  }

  return Object.assign(adapter, {
    // Gateways get to see the server later, and may add middleware of their own.
    create(...args: Parameters<typeof create>): unknown {
      const server: unknown = create(...args);
      if (isNamespace(server) && !namespaces.has(server)) {
        namespaces.add(server);
        server.use(connections.middleware);
        recovery.guard(server);
      }
      return server;
    },

    bindClientConnect(server: unknown, callback: (...args: unknown[]) => void): unknown {
      return bindClientConnect(server, (client: object, ...args: unknown[]) =>
        connections.enter(client, args[0], () => callback(client, ...args)),
      );
    },

    bindMessageHandlers(
      client: object,
      handlers: WsMessageHandler[],
      transform: Parameters<typeof bindMessageHandlers>[2],
    ): unknown {
      // A socket that is being closed may still send.
      const guarded = handlers.map((handler) => ({
        ...handler,
        callback: (...args: unknown[]) =>
          connections.isOpen(client) ? handler.callback(...args) : Promise.resolve(),
      }));
      return bindMessageHandlers(client, guarded, transform);
    },
  });
}

/** A namespace of socket.io, or its server. */
interface Namespace {
  use(middleware: Connections['middleware']): unknown;
}

function isNamespace(server: unknown): server is Namespace {
  return typeof (server as Partial<Namespace> | null)?.use === 'function';
}
