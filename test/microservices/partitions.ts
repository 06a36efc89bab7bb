import { BaseRpcContext, Server, ServerKafka } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';

/** An event or a request, in its order. */
export interface Entry {
  readonly pattern: string;
  readonly payload: object;
  /** Where the sender waits for the answer, over Kafka. */
  readonly replyTopic?: string;
}

/** A consumer that goes on only when an entry is done, and delivers a failed one again. */
export interface Partition extends CustomTransportStrategy {
  /** Works through the entries; returns the number of deliveries of each, and gives up after 5. */
  consume(entries: readonly Entry[]): Promise<number[]>;
}

/** An answer to somebody who waits for one. */
export type Reply = Readonly<Record<string, unknown>>;

/** A strategy of an application, which settles an event by the outcome of its handler. */
class StreamPartition extends Server implements Partition {
  override readonly propagatesEventHandlerErrors = true;

  listen(callback: () => void) {
    callback();
  }

  close() {}

  on() {}

  unwrap(): never {
    throw new Error('There is nothing in it');
  }

  consume(entries: readonly Entry[]): Promise<number[]> {
    return deliver(entries, async ({ pattern, payload }) => {
      const handler = this.getHandlerByPattern(pattern);
      const outcome: unknown = await handler?.(payload, new BaseRpcContext([]));
      if (isObservable(outcome)) await lastValueFrom(outcome);
    });
  }
}

type EachMessage = (message: KafkaMessage) => Promise<void>;

interface KafkaMessage {
  readonly topic: string;
  readonly partition: number;
  readonly message: { key: null; value: Buffer; headers: object; offset: string };
}

/** Nest's own server for Kafka, with the part of a client that it needs. */
export class KafkaPartition extends ServerKafka implements Partition {
  readonly replies: Reply[] = [];
  private eachMessage?: EachMessage;

  constructor() {
    super({});
  }

  override loadPackageSynchronously(): never {
    return {} as never;
  }

  override async createClient<T>(): Promise<T> {
    const connection = { connect: async () => {}, disconnect: async () => {}, on() {}, events: {} };
    const client = {
      consumer: () => ({
        ...connection,
        subscribe: async () => {},
        run: async ({ eachMessage }: { eachMessage: EachMessage }) => {
          this.eachMessage = eachMessage;
        },
      }),
      producer: () => ({
        ...connection,
        send: async ({ messages }: { messages: { value: unknown; headers: Reply }[] }) => {
          for (const { value, headers } of messages) {
            this.replies.push({ value, error: headers['kafka_nest-err'] });
          }
        },
      }),
    };
    return client as T;
  }

  consume(entries: readonly Entry[]): Promise<number[]> {
    return deliver(entries, async ({ pattern, payload, replyTopic }, offset) => {
      const value = Buffer.from(JSON.stringify(payload));
      const headers = replyTopic && {
        kafka_correlationId: Buffer.from(String(offset)),
        kafka_replyTopic: Buffer.from(replyTopic),
      };
      const message = { key: null, value, headers: headers || {}, offset: String(offset) };
      await this.eachMessage?.({ topic: pattern, partition: 0, message });
    });
  }
}

/** `it.each(PARTITIONS)('…, over %s', async (_name, createPartition) => …)`. */
export const PARTITIONS: [name: string, create: () => Partition][] = [
  ['a strategy of the application', () => new StreamPartition()],
  ['Kafka', () => new KafkaPartition()],
];

async function deliver(
  entries: readonly Entry[],
  handle: (entry: Entry, offset: number) => Promise<void>,
): Promise<number[]> {
  const deliveries: number[] = [];
  for (const [offset, entry] of entries.entries()) {
    let isDone = false;
    for (let count = 1; !isDone && count <= 5; count += 1) {
      deliveries[offset] = count;
      isDone = await handle(entry, offset).then(
        () => true,
        () => false,
      );
    }
    if (!isDone) break;
  }
  return deliveries;
}
