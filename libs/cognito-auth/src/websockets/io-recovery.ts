import type { Connections } from './connections.js';

/** What this library uses of the server of socket.io. */
interface IoServer {
  readonly adapter: (...args: never) => unknown;
  readonly sockets: Namespace;
}

/** What it uses of a namespace; `createChild()` is of those that make others by a pattern. */
interface Namespace {
  readonly adapter?: SessionAdapter;
  readonly sockets: ReadonlyMap<string, object>;
  _createSocket?(client: unknown, auth: Readonly<Record<string, unknown>>): Promise<NewSocket>;
  createChild?(name: string): Namespace;
}

interface NewSocket {
  recovered: boolean;
}

/** The adapter of a namespace, of one process or of a cluster. */
interface SessionAdapter {
  persistSession?(session: Session): unknown;
  restoreSession?(pid: string, offset: string): unknown;
}

/** What socket.io keeps of a socket whose connection is lost: its rooms, for example. */
interface Session {
  readonly sid: string;
  readonly [CALLER]?: string;
}

/** A text, because adapters of clusters store sessions. */
const CALLER = 'cognitoAuthCaller';

/**
 * The recovery of socket.io (`connectionStateRecovery`), for nobody but the caller whose socket it
 * was. Without it, who knows the private id of a session gets its rooms and what was sent to them,
 * before any middleware is asked.
 *
 * What is not recovered is a new socket, as after a session that is too old.
 */
export class IoRecovery {
  private readonly guarded = new WeakSet<object>();
  /** The socket that asks for a session, while socket.io asks its adapter. */
  private newcomer?: NewSocket;

  constructor(private readonly connections: Connections) {}

  /** Guards a server or a namespace of socket.io; others are left alone. */
  guard(server: object): void {
    const { adapter, sockets } = server as Partial<IoServer>;
    const namespace = typeof adapter === 'function' ? sockets : (server as Namespace);
    if (!namespace || this.guarded.has(namespace)) return;
    this.guarded.add(namespace);
    this.guardAdapter(namespace);
    this.guardSockets(namespace);
    this.guardChildren(namespace);
  }

  // There is no public way between a token and the session.
  // oxlint-disable no-underscore-dangle
  private guardSockets(namespace: Namespace): void {
    const create = namespace._createSocket?.bind(namespace);
    if (!create) return;
    namespace._createSocket = async (client, auth) => {
      // The application may have another one by now.
      this.guardAdapter(namespace);
      const newcomer = await create(client, auth);
      if (typeof auth['pid'] !== 'string' || typeof auth['offset'] !== 'string') return newcomer;
      this.newcomer = newcomer;
      const creating = create(client, auth);
      this.newcomer = undefined;
      const socket = await creating;
      if (!socket.recovered) return newcomer;
      // What refuses it now closes it as soon as it is connected.
      await this.connections.callerOf(socket).catch(() => undefined);
      return socket;
    };
  }
  // oxlint-enable no-underscore-dangle

  private guardChildren(namespace: Namespace): void {
    const createChild = namespace.createChild?.bind(namespace);
    if (!createChild) return;
    namespace.createChild = (name) => {
      const child = createChild(name);
      this.guard(child);
      return child;
    };
  }

  private guardAdapter({ adapter, sockets }: Namespace): void {
    const persist = adapter?.persistSession?.bind(adapter);
    const restore = adapter?.restoreSession?.bind(adapter);
    if (!adapter || !persist || !restore || this.guarded.has(adapter)) return;
    this.guarded.add(adapter);
    adapter.persistSession = (session) => {
      const caller = this.connections.admittedCallerOf(sockets.get(session.sid));
      return caller === undefined ? undefined : persist({ ...session, [CALLER]: caller });
    };
    adapter.restoreSession = async (pid, offset) => {
      const { newcomer } = this;
      if (!newcomer) return null;
      const session = (await restore(pid, offset)) as Session | null | undefined;
      return session && (await this.isOf(newcomer, session)) ? session : null;
    };
  }

  private async isOf(newcomer: NewSocket, session: Session): Promise<boolean> {
    try {
      const caller = await this.connections.callerOf(newcomer);
      return caller !== undefined && session[CALLER] === caller;
    } catch {
      // socket.io asks no middleware about who comes back, unless it is told to. So a client that is
      // refused connects, and hears of it as an open socket does.
      newcomer.recovered = true;
      return false;
    }
  }
}
