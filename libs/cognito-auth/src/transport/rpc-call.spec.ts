import {
  BaseRpcContext,
  KafkaContext,
  MqttContext,
  NatsContext,
  RedisContext,
  RmqContext,
  TcpContext,
} from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { RpcCall } from './rpc-call.js';
import { extractToken, fromBearerHeader, fromRpcMetadata } from './token-extractors.js';

/** The headers of a NATS client: every name has a list of values. */
function natsHeaders(values: Record<string, string[]>) {
  return {
    keys: () => Object.keys(values),
    get: (name: string) => values[name]?.[0] ?? '',
    values: (name: string) => values[name] ?? [],
  };
}

/** gRPC's `Metadata`: names in lower case, and those that end in `-bin` have bytes. */
class GrpcMetadata {
  constructor(private readonly internalRepr: Map<string, (string | Buffer)[]>) {}

  get(name: string) {
    return this.internalRepr.get(name.toLowerCase()) ?? [];
  }

  getMap() {
    return Object.fromEntries([...this.internalRepr].map(([name, [first]]) => [name, first]));
  }
}

/** What amqplib hands out. */
function amqpMessage(headers: unknown) {
  return {
    fields: { deliveryTag: 1, redelivered: false, exchange: '', routingKey: 'orders' },
    properties: { headers, contentType: 'application/json', correlationId: '7' },
    content: Buffer.from('{}'),
  };
}

/** What KafkaJS hands out, after Nest has parsed it. */
function kafkaMessage(headers: unknown) {
  return { key: null, value: {}, headers, offset: '0', topic: 'orders', partition: 0 };
}

/** The packet of an MQTT 5 publication. */
function mqttPacket(userProperties: unknown) {
  return { cmd: 'publish', topic: 'orders', qos: 1, properties: { userProperties } };
}

type Values = string | string[];

/** The contexts of Nest's transporters for a message with this metadata. */
const CONTEXTS: [transporter: string, contextOf: (name: string, values: Values) => object][] = [
  ['gRPC', (name, values) => new GrpcMetadata(new Map([[name.toLowerCase(), [values].flat()]]))],
  ['NATS', (name, values) => new NatsContext(['orders', natsHeaders({ [name]: [values].flat() })])],
  ['Kafka', (name, values) => kafka({ [name]: asBytes(values) })],
  ['Kafka with texts', (name, values) => kafka({ [name]: values })],
  ['RabbitMQ', (name, values) => new RmqContext([amqpMessage({ [name]: values }), {}, 'orders'])],
  ['MQTT 5', (name, values) => new MqttContext(['orders', mqttPacket({ [name]: values })])],
  // What the serializer of the client put beside the payload: arguments that only Nest 12 has.
  ['TCP', (name, values) => tcp({ [name]: values })],
  ['Redis', (name, values) => redis({ [name]: values })],
];

function kafka(headers: unknown): KafkaContext {
  const none = {} as never;
  return new KafkaContext([kafkaMessage(headers) as never, 0, 'orders', none, none, none]);
}

function tcp(...metadata: unknown[]): TcpContext {
  return new TcpContext([{} as never, 'orders', ...metadata] as never);
}

function redis(...metadata: unknown[]): RedisContext {
  return new RedisContext(['orders', ...metadata] as never);
}

function asBytes(values: Values): Buffer | Buffer[] {
  return typeof values === 'string'
    ? Buffer.from(values)
    : values.map((value) => Buffer.from(value));
}

function bearerIn(context: object, data?: unknown): unknown {
  return attempt(() => extractToken([fromBearerHeader()], new RpcCall(data, context)));
}

function tokenIn(context: object, data?: unknown): unknown {
  return attempt(() => extractToken([fromRpcMetadata('Token')], new RpcCall(data, context)));
}

/** What is found, or the code of the refusal. */
function attempt(find: () => unknown): unknown {
  try {
    return find();
  } catch (error) {
    return (error as { code: unknown }).code;
  }
}

describe.each(CONTEXTS)('A message over %s', (_transporter, contextOf) => {
  it('has its metadata by lower-case names', () => {
    const { headers } = new RpcCall({}, contextOf('X-Request-Id', 'a1'));
    expect({ ...headers }).toEqual({ 'x-request-id': 'a1' });
  });

  it('carries a bearer token as a request does', () => {
    expect(bearerIn(contextOf('Authorization', 'Bearer a.b.c'))).toBe('a.b.c');
    expect(bearerIn(contextOf('Authorization', 'Bearer a b'))).toBe('malformed_request');
    expect(bearerIn(contextOf('Authorization', 'Basic YTpi'))).toBeNull();
  });

  it('carries a token of another name', () => {
    expect(tokenIn(contextOf('Token', 'a.b.c'))).toBe('a.b.c');
    expect(tokenIn(contextOf('token', 'Bearer a.b.c'))).toBe('a.b.c');
  });

  it('may say a name once only', () => {
    const twice = ['Bearer a.b.c', 'Bearer d.e.f'];
    expect(bearerIn(contextOf('Authorization', twice))).toBe('malformed_request');
    expect(tokenIn(contextOf('Token', twice))).toBe('malformed_request');
    expect(bearerIn(contextOf('Authorization', twice.slice(0, 1)))).toBe('a.b.c');
  });
});

describe('A message without metadata', () => {
  it.each<[string, object]>([
    ['TCP', tcp()],
    ['Redis', redis()],
    ['NATS', new NatsContext(['orders', undefined])],
    ['Kafka', kafka(undefined)],
    ['RabbitMQ', new RmqContext([{} as never, {}, 'orders'])],
    ['RabbitMQ with none', new RmqContext([amqpMessage(undefined), {}, 'orders'])],
    ['MQTT', new MqttContext(['orders', { cmd: 'publish' }])],
    ['MQTT without a packet', new MqttContext(['orders', null as never])],
    ['a transporter of its own', new BaseRpcContext(['orders'])],
    ['nothing that Nest knows', {}],
  ])('has none, over %s', (_transporter, context) => {
    expect({ ...new RpcCall({}, context).headers }).toEqual({});
    expect(bearerIn(context)).toBeNull();
  });
});

describe('The metadata of a message', () => {
  it('are read when somebody asks, and once', () => {
    let reads = 0;
    const context = { getHeaders: () => ({ reads: String((reads += 1)) }) };
    const call = new RpcCall({}, context);
    expect(reads).toBe(0);
    expect(call.headers['reads']).toBe('1');
    expect(call.headers['reads']).toBe('1');
  });

  it('are not what their prototype has', () => {
    const { headers } = new RpcCall({}, tcp(Object.create({ authorization: 'Bearer a.b.c' })));
    expect(headers['authorization']).toBeUndefined();
    expect(headers['constructor']).toBeUndefined();
  });

  it('may have any name', () => {
    const { headers } = new RpcCall({}, tcp(JSON.parse('{ "__proto__": "a", "toString": "b" }')));
    expect(Object.entries(headers)).toEqual([
      ['__proto__', 'a'],
      ['tostring', 'b'],
    ]);
    expect({}).not.toHaveProperty('a');
  });

  it('count as several when only the case of their names differs', () => {
    const context = tcp({ authorization: 'Bearer a.b.c', Authorization: 'Bearer d.e.f' });
    expect(bearerIn(context)).toBe('malformed_request');
  });

  it.each([[7], [true], [{ token: 'a.b.c' }], [[]], [null]])(
    'are no text when they are %j',
    (value) => {
      expect(bearerIn(tcp({ authorization: value }))).toBeNull();
      expect(bearerIn(tcp({ authorization: [value, 'Bearer a.b.c', 'x'] }))).toBe(
        'malformed_request',
      );
    },
  );

  it.each<[string, object]>([
    ['a list', tcp(['Bearer a.b.c'])],
    ['a text', tcp('Bearer a.b.c')],
    ['a number', redis(7)],
    ['bytes that are no UTF-8', kafka({ authorization: Buffer.from([0xff, 0xfe]) })],
  ])('are none, or not to be read, when they are %s', (_what, context) => {
    expect([null, 'malformed_request']).toContain(bearerIn(context));
  });

  it.each<[string, object]>([
    ['a map', { getHeaders: () => new Map([['Authorization', 'Bearer a.b.c']]) }],
    ['headers of fetch', { getHeaders: () => new Headers({ Authorization: 'Bearer a.b.c' }) }],
  ])('may be %s, over a transporter of its own', (_what, context) => {
    expect(bearerIn(context)).toBe('a.b.c');
  });

  it.each<[string, object]>([
    [
      'a getter that throws',
      tcp({
        get authorization(): string {
          throw new Error('no');
        },
      }),
    ],
    [
      'a method that throws',
      {
        getMessage: () => {
          throw new Error('no');
        },
      },
    ],
    ['names that are numbers', { getHeaders: () => ({ keys: () => [7], get: () => 'a' }) }],
    ['no list of names', { getHeaders: () => ({ keys: () => 7, get: () => 'a' }) }],
  ])('are malformed with %s', (_what, context) => {
    expect(bearerIn(context)).toBe('malformed_request');
  });

  it('have bytes over gRPC, too', () => {
    const metadata = new GrpcMetadata(new Map([['token-bin', [Buffer.from('a.b.c')]]]));
    expect(new RpcCall({}, metadata).headers['token-bin']).toBe('a.b.c');
  });
});

describe('fromRpcMetadata()', () => {
  it('looks into the payload when the metadata have no token', () => {
    expect(tokenIn(tcp(), { Token: 'a.b.c' })).toBe('a.b.c');
    expect(tokenIn(tcp(), { Token: 'bearer  a.b.c' })).toBe('a.b.c');
    expect(tokenIn(tcp({ token: '' }), { Token: 'a.b.c' })).toBe('a.b.c');
  });

  it('takes the token of the metadata when the payload has none', () => {
    // gRPC fills in what a client left out.
    expect(tokenIn(tcp({ token: 'a.b.c' }), { Token: '' })).toBe('a.b.c');
    expect(tokenIn(tcp({ token: 'a.b.c' }), { Token: null })).toBe('a.b.c');
  });

  it('takes the same token twice for one', () => {
    expect(tokenIn(tcp({ token: 'Bearer a.b.c' }), { Token: 'a.b.c' })).toBe('a.b.c');
  });

  it('refuses two different tokens', () => {
    expect(tokenIn(tcp({ token: 'a.b.c' }), { Token: 'd.e.f' })).toBe('malformed_request');
    expect(tokenIn(tcp({ token: 'a.b.c' }), { Token: { a: 'b' } })).toBe('malformed_request');
  });

  it.each([[7], [true], [['a.b.c']], [{ a: 'b' }]])('refuses %j for a token', (token) => {
    expect(tokenIn(tcp(), { Token: token })).toBe('malformed_request');
  });

  it.each([
    [undefined],
    [null],
    ['a.b.c'],
    [7],
    [[]],
    [{ token: 'a.b.c' }],
    [{ data: { Token: 'a' } }],
  ])('finds none in the payload %j', (payload) => {
    expect(tokenIn(tcp(), payload)).toBeNull();
  });

  it('finds none in what a payload inherits', () => {
    class Message {
      get Token() {
        return 'a.b.c';
      }
    }
    expect(tokenIn(tcp(), new Message())).toBeNull();
    expect(tokenIn(tcp(), JSON.parse('{ "__proto__": { "Token": "a" } }'))).toBeNull();
  });

  it('finds none in a request that is no message', () => {
    expect(
      fromRpcMetadata('token')({ headers: { token: 'a.b.c' }, data: { token: 'a' } }),
    ).toBeNull();
  });
});

describe('The context of a transporter', () => {
  it('has the user for later guards, when it is that of one message', () => {
    const context = tcp();
    new RpcCall({}, context).present('user', 'alice');
    expect(context).toHaveProperty('user', 'alice');
  });

  it('has the user when several handlers get one event', () => {
    const [context, payload] = [tcp(), {}];
    new RpcCall(payload, context).present('user', 'alice');
    new RpcCall(payload, context).present('user', 'alice');
    expect(context).toHaveProperty('user', 'alice');
  });

  it.each([[{}], ['text'], [undefined]])('has none when it serves messages like %j', (payload) => {
    const context = tcp();
    new RpcCall(payload, context).present('user', 'alice');
    const next = typeof payload === 'object' ? {} : payload;
    new RpcCall(next, context).present('user', 'bob');
    expect(context).toHaveProperty('user', undefined);
  });
});
