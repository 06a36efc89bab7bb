/** The metadata of a message by lower-case names; several values of one name are a list. */
export type RpcMetadata = Readonly<Record<string, string | string[]>>;

/** What the contexts of Nest's transporters have. Each one has one of these, or none. */
interface TransporterContext {
  /** Kafka has headers there, RabbitMQ among its properties. */
  getMessage?(): Message | null | undefined;
  /** NATS. */
  getHeaders?(): unknown;
  /** MQTT 5. */
  getPacket?(): { readonly properties?: { readonly userProperties?: unknown } | null } | null;
  /** TCP and Redis, since Nest 12: what the serializer of the client put beside the payload. */
  getMetadata?(): unknown;
  /** gRPC: the context is the metadata itself, and this has the first value of each name only. */
  getMap?(): object;
}

interface Message {
  readonly headers?: unknown;
  readonly properties?: { readonly headers?: unknown } | null;
}

/** The headers of NATS, and the metadata of gRPC. */
interface Multimap {
  keys?(): Iterable<string>;
  values?(name: string): unknown;
  get(name: string): unknown;
}

/**
 * What a message says besides its payload, whichever transporter of Nest it came with; those of
 * others are read when they look alike. Kafka's bytes are UTF-8; what is no text at all is empty.
 */
export function metadataOf(context: object): RpcMetadata {
  const lists = new Map<string, string[]>();
  for (const [name, value] of entriesOf(context)) {
    const texts = lists.get(name.toLowerCase()) ?? [];
    lists.set(name.toLowerCase(), texts);
    for (const one of [value].flat())
      if (one !== null && one !== undefined) texts.push(textOf(one));
  }
  // A name is whatever a client makes of it, `__proto__` too.
  const metadata = Object.create(null) as Record<string, string | string[]>;
  for (const [name, texts] of lists) {
    const [sole] = texts;
    if (sole !== undefined) metadata[name] = texts.length === 1 ? sole : texts;
  }
  return metadata;
}

/** Whether this is the `Metadata` of gRPC. */
export function isGrpcMetadata(context: unknown): context is Required<Multimap> {
  return isMultimap(context) && typeof (context as TransporterContext).getMap === 'function';
}

/** The headers of a message of Kafka, whose context says which partition it came from. */
export function kafkaHeadersOf(context: unknown): Readonly<Record<string, unknown>> | undefined {
  const { getPartition } = (context ?? {}) as { getPartition?: unknown };
  if (typeof getPartition !== 'function') return undefined;
  return ((context as TransporterContext).getMessage?.()?.headers ?? {}) as Record<string, unknown>;
}

function entriesOf(context: object): [string, unknown][] {
  if (isGrpcMetadata(context)) {
    const names = Object.keys((context as TransporterContext).getMap?.() ?? {});
    return names.map((name) => [name, context.get(name)]);
  }
  const headers = headersOf(context);
  if (typeof headers !== 'object' || headers === null) return [];
  if (!isMultimap(headers) || typeof headers.keys !== 'function') return Object.entries(headers);
  return [...headers.keys()].map((name) => [name, valuesOf(headers, name)]);
}

/** NATS gives the first value only, and all of them to those who ask. */
function valuesOf(headers: Multimap, name: string): unknown {
  const all = headers.values?.(name);
  return Array.isArray(all) ? all : headers.get(name);
}

function headersOf(context: TransporterContext): unknown {
  if (typeof context.getHeaders === 'function') return context.getHeaders();
  if (typeof context.getMetadata === 'function') return context.getMetadata();
  if (typeof context.getPacket === 'function') {
    return context.getPacket()?.properties?.userProperties;
  }
  if (typeof context.getMessage !== 'function') return undefined;
  const message = context.getMessage();
  return message?.headers ?? message?.properties?.headers;
}

function isMultimap(value: unknown): value is Multimap {
  return typeof (value as Partial<Multimap> | null)?.get === 'function';
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
}
