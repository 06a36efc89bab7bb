import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { Transport } from '@nestjs/microservices';
import type { RmqOptions } from '@nestjs/microservices';
import { connect } from 'amqplib';
import type { Channel, ChannelModel } from 'amqplib';

const PORT = 5672;
const URL = `amqp://127.0.0.1:${PORT}`;

/** Whether a RabbitMQ server answers on this machine. */
export const RABBITMQ_ANSWERS = await answers();

/** A queue of its own, with one more for what consumers refuse for good. */
export class RabbitQueue {
  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
    readonly name: string,
    private readonly refused: string,
  ) {}

  static async create(): Promise<RabbitQueue> {
    const connection = await connect(URL);
    const channel = await connection.createChannel();
    const { queue: refused } = await channel.assertQueue('');
    const { queue } = await channel.assertQueue('', {
      exclusive: false,
      deadLetterExchange: '',
      deadLetterRoutingKey: refused,
    });
    return new RabbitQueue(connection, channel, queue, refused);
  }

  /** How a microservice consumes the queue: one message at a time. */
  options(noAck: boolean): RmqOptions {
    return {
      transport: Transport.RMQ,
      options: { urls: [URL], queue: this.name, noAssert: true, prefetchCount: 1, noAck },
    };
  }

  emit(pattern: string, payload: object): void {
    this.publish({ pattern, data: payload });
  }

  /** Sends a request; returns the answers that have come, of one that may still come. */
  async request(pattern: string, payload: object): Promise<object[]> {
    const { queue } = await this.channel.assertQueue('', { exclusive: true });
    const answered: object[] = [];
    const keep = (content?: Buffer) =>
      content && answered.push(JSON.parse(content.toString()) as object);
    await this.channel.consume(queue, (message) => keep(message?.content), { noAck: true });
    this.publish({ pattern, data: payload, id: '7' }, { replyTo: queue, correlationId: '7' });
    return answered;
  }

  /** The payloads that were refused for good. */
  async deadLetters(): Promise<unknown[]> {
    const { messageCount } = await this.channel.checkQueue(this.refused);
    const letters: unknown[] = [];
    for (let read = 0; read < messageCount; read += 1) {
      const message = await this.channel.get(this.refused);
      if (!message) break;
      const { data } = JSON.parse(message.content.toString()) as { data: unknown };
      letters.push(data);
    }
    this.channel.nackAll();
    return letters;
  }

  /** The number of messages that are in the queue once nobody consumes it any more. */
  async left(): Promise<number> {
    const { messageCount } = await this.channel.checkQueue(this.name);
    return messageCount;
  }

  async remove(): Promise<void> {
    await this.channel.deleteQueue(this.name);
    await this.channel.deleteQueue(this.refused);
    await this.connection.close();
  }

  private publish(packet: object, properties: object = {}): void {
    this.channel.sendToQueue(this.name, Buffer.from(JSON.stringify(packet)), properties);
  }
}

async function answers(): Promise<boolean> {
  const socket = connectTcp(PORT, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
