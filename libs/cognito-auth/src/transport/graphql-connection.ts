import { parse } from 'node:querystring';
import { SocketMessage } from './socket-message.js';
import type { Handshake } from './socket-message.js';

/** The request that became a socket, of Node or of Fastify. */
export interface UpgradeRequest {
  readonly headers?: Handshake['headers'];
  readonly rawHeaders?: readonly string[];
  readonly url?: string;
  readonly socket?: { readonly encrypted?: boolean };
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/** What graphql-ws knows of a connection. */
interface GraphqlWsContext {
  readonly connectionInitReceived: boolean;
  readonly connectionParams?: unknown;
  /** By their ids; `null` while they start. */
  readonly subscriptions?: Readonly<Record<string, unknown>>;
  readonly extra?: { readonly request?: UpgradeRequest };
}

/** A socket that carries GraphQL operations, whichever server it is of. */
export class GraphqlConnection {
  private constructor(
    /** What lasts as long as the connection. */
    readonly key: object,
    private readonly request: UpgradeRequest,
    private readonly params: unknown,
    /** Whether it has an operation that has not started yet. */
    readonly isStarting: boolean,
  ) {}

  /** The connection behind a `req`: the context of graphql-ws, or an upgrade request alone. */
  static from(req: unknown): GraphqlConnection | undefined {
    if (typeof req !== 'object' || req === null) return undefined;
    if ('connectionInitReceived' in req) return GraphqlConnection.ofGraphqlWs(req as never);
    const isUpgrade = Reflect.get(req, 'upgrade') === true || Reflect.get(req, 'ws') === true;
    return isUpgrade ? new GraphqlConnection(req, req, undefined, true) : undefined;
  }

  static ofMercurius(request: UpgradeRequest, params: unknown): GraphqlConnection {
    return new GraphqlConnection(request, request, params, true);
  }

  private static ofGraphqlWs(context: GraphqlWsContext): GraphqlConnection {
    const { connectionParams, extra, subscriptions = {} } = context;
    const isStarting = Object.values(subscriptions).includes(null);
    return new GraphqlConnection(context, extra?.request ?? {}, connectionParams, isStarting);
  }

  /** What extractors look at: the upgrade request, with the credentials of `connectionParams`. */
  message(): SocketMessage {
    const { headers = {}, rawHeaders, raw, url = '', socket } = this.request;
    const auth = isRecord(this.params) ? this.params : undefined;
    const handshake: Handshake = {
      headers: { ...headers, ...credentialsIn(auth) },
      rawHeaders: rawHeaders ?? raw?.rawHeaders,
      query: parse(url.split('?')[1] ?? ''),
      auth,
      secure: socket?.encrypted,
    };
    return new SocketMessage(this.key, handshake, undefined);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `connectionParams` are no headers: their names may have any case, and their values any type. */
function credentialsIn(params: object = {}): Handshake['headers'] {
  const values = Object.entries(params)
    .filter(([name, value]) => name.toLowerCase() === 'authorization' && value !== null)
    .map(([, value]): unknown => value);
  const [value, ...others] = new Set(values);
  if (value === undefined) return {};
  // Extractors refuse a list as more than one token.
  return { authorization: (others.length > 0 ? [value, ...others] : value) as string };
}
