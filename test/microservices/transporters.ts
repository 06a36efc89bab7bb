import type { AddressInfo, Server } from 'node:net';
import type { INestApplication, INestMicroservice } from '@nestjs/common';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import type {
  ClientOptions,
  ClientProxy,
  RedisOptions,
  Serializer,
  TcpOptions,
} from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { onTestFinished } from 'vitest';
import { REDIS_PROGRAM, RedisServer } from '../authorization/redis.server.js';

/** A transporter that everything has to hold on. */
export interface Transporter {
  readonly name: string;
  /** Whether this machine has what it needs. */
  readonly isThere: boolean;
  /** Starts what stands between a client and a microservice, and says how a microservice listens. */
  start(): Promise<Listening>;
}

/** How a microservice listens. */
export interface Listening {
  readonly options: TcpOptions | RedisOptions;
  /** How a client reaches a microservice that listens. */
  clientOptions(service: INestMicroservice): TcpOptions | RedisOptions;
  stop(): Promise<void>;
}

const tcp: Transporter = {
  name: 'TCP',
  isThere: true,
  start: async () => ({
    options: { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } },
    clientOptions: (service) => {
      const { port } = service.unwrap<Server>().address() as AddressInfo;
      return { transport: Transport.TCP, options: { host: '127.0.0.1', port } };
    },
    stop: async () => {},
  }),
};

const redis: Transporter = {
  name: 'Redis',
  isThere: REDIS_PROGRAM !== undefined,
  async start() {
    const server = await RedisServer.create();
    await server.start();
    const { hostname: host, port } = new URL(server.url);
    const options: RedisOptions = {
      transport: Transport.REDIS,
      options: { host, port: Number(port) },
    };
    return { options, clientOptions: () => options, stop: () => server.remove() };
  },
};

/** `describe.each(TRANSPORTERS)('Over $name', …)`. */
export const TRANSPORTERS: readonly Transporter[] = [tcp, redis];

/** TCP, for what has nothing to do with the transporter. */
export function listening(): Promise<Listening> {
  return tcp.start();
}

/** A client of a microservice. Close it. */
export async function connect(
  service: INestMicroservice,
  place: Listening,
  serializer?: Serializer,
): Promise<ClientProxy> {
  const { transport, options } = place.clientOptions(service);
  const settings = { transport, options: { ...options, serializer } } as ClientOptions;
  const client = ClientProxyFactory.create(settings);
  await client.connect();
  return client;
}

/** The same until the test ends. */
export async function connected(...client: Parameters<typeof connect>): Promise<ClientProxy> {
  const proxy = await connect(...client);
  onTestFinished(async () => void (await proxy.close()));
  return proxy;
}

/** Starts what a hybrid application listens to besides HTTP, and connects to the first of it. */
export async function connectedToHybrid(
  app: INestApplication,
  place: Listening,
): Promise<ClientProxy> {
  await app.startAllMicroservices();
  const [service] = app.getMicroservices();
  if (!service) throw new Error('The application listens to HTTP only');
  return connected(service, place);
}

/** What a client gets, the answer or the error. */
export async function ask(client: ClientProxy, pattern: string, payload: unknown = {}) {
  return firstValueFrom(client.send<unknown>(pattern, payload)).catch((error: unknown) => error);
}

/** Sends an event; resolves when it is on its way. */
export async function tell(client: ClientProxy, pattern: string, payload: unknown): Promise<void> {
  await firstValueFrom(client.emit(pattern, payload), { defaultValue: undefined });
}
