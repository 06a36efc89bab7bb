import { Catch, Controller } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, ModuleMetadata } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { RmqContext } from '@nestjs/microservices';
import type { Channel, Message } from 'amqplib';
import { CognitoAuthModule, fromRpcMetadata, Groups, Public } from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { EMPTY } from 'rxjs';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { CapturedLog } from '../attacks/captured-log.js';
import { RABBITMQ_ANSWERS, RabbitQueue } from './rabbitmq.js';
import { rpcRefusal } from './refusals.js';
import { startService } from './running.js';

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }],
  });
});

/** Acknowledges what it was given, as handlers do where `noAck` is false. */
@Controller()
class ShippingController {
  readonly shipped: string[] = [];
  readonly redelivered: boolean[] = [];

  @EventPattern('orders.shipped')
  @Groups('admin')
  ship(@Payload('item') item: string, @Ctx() context: unknown) {
    this.shipped.push(item);
    this.redelivered.push(messageOf(context).fields.redelivered);
    acknowledge(context);
  }

  @EventPattern('orders.counted')
  @Groups('admin')
  countForAdmins(@Payload('item') item: string) {
    this.shipped.push(item);
  }

  @EventPattern('orders.counted')
  @Public()
  count(@Payload('item') item: string, @Ctx() context: unknown) {
    this.shipped.push(item);
    acknowledge(context);
  }

  @MessagePattern('orders.create')
  create(@Payload('item') item: string, @Ctx() context: unknown) {
    acknowledge(context);
    return { item };
  }
}

/** Handlers of a queue whose messages are settled when they are sent. */
@Controller()
class AutomaticController {
  readonly shipped: string[] = [];

  @EventPattern('orders.shipped')
  @Groups('admin')
  ship(@Payload('item') item: string) {
    this.shipped.push(item);
  }
}

interface Setup {
  readonly noAck?: boolean;
  readonly providers?: ModuleMetadata['providers'];
  readonly hooks?: object;
}

async function start({ noAck = false, providers = [], hooks = {} }: Setup = {}) {
  const queue = await RabbitQueue.create();
  onTestFinished(() => queue.remove());
  const log = new CapturedLog();
  const tokenFrom = fromRpcMetadata('token');
  const controller = noAck ? AutomaticController : ShippingController;
  const service = await startService(
    {
      imports: [
        CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true, tokenFrom, ...hooks }),
      ],
      controllers: [controller],
      providers,
    },
    queue.options(noAck),
    { logger: log },
  );
  const { shipped } = service.get<AutomaticController>(controller);
  const ship = (item: string, token?: string) => queue.emit('orders.shipped', { item, token });
  return { queue, log, service, shipped, ship };
}

describe.skipIf(!RABBITMQ_ANSWERS)('RabbitMQ with messages that are acknowledged', () => {
  it.each<[string, string, () => string | undefined]>([
    ['has no token', 'missing_token', () => undefined],
    [
      'has a token that expired',
      'token_expired',
      () => pool.accessToken('alice', { expiresIn: -60 }),
    ],
    ['comes from somebody else', 'insufficient_group', () => pool.accessToken('bob')],
  ])('drops an event that %s, and goes on', async (_event, code, tokenOf) => {
    const { queue, log, service, shipped, ship } = await start();
    const alice = pool.accessToken('alice');
    const token = tokenOf();
    ship('first', alice);
    ship('refused', token);
    ship('behind it', alice);
    await expect.poll(() => shipped).toEqual(['first', 'behind it']);
    await expect.poll(() => queue.deadLetters()).toEqual([{ item: 'refused', token }]);
    expect(log.text).toContain(`'${code}'`);
    await service.close();
    expect(await queue.left()).toBe(0);
  });

  it('answers a request with the refusal, and drops it', async () => {
    const { queue, service } = await start();
    const refused = await queue.request('orders.create', { item: 'cup' });
    const token = pool.accessToken('alice');
    const served = await queue.request('orders.create', { item: 'pot', token });
    await expect.poll(() => served).toHaveLength(1);
    expect(refused).toEqual([expect.objectContaining({ err: rpcRefusal('missing_token') })]);
    expect(served[0]).toMatchObject({ response: { item: 'pot' } });
    await expect.poll(() => queue.deadLetters()).toEqual([{ item: 'cup' }]);
    await service.close();
    expect(await queue.left()).toBe(0);
  });

  it('delivers an event again while a hook fails', async () => {
    const { queue, service, shipped, ship } = await start({ hooks: failing(1) });
    ship('cup', pool.accessToken('alice'));
    await expect.poll(() => shipped, { timeout: 5000 }).toEqual(['cup']);
    expect(service.get(ShippingController).redelivered).toEqual([true]);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('keeps an event for later when it closes while a hook fails', async () => {
    const { queue, service, log, ship } = await start({ hooks: failing(Infinity) });
    ship('cup', pool.accessToken('alice'));
    await expect.poll(() => log.text).toContain('hook_failed');
    await service.close();
    await expect.poll(() => queue.left()).toBe(1);
    expect(await queue.deadLetters()).toEqual([]);
  });

  it('does not deliver a request again that was answered', async () => {
    const { queue, service } = await start({ hooks: failing(1) });
    const token = pool.accessToken('alice');
    const answers = await queue.request('orders.create', { item: 'cup', token });
    await expect.poll(() => answers).toHaveLength(1);
    expect(answers[0]).toMatchObject({ err: { code: 'hook_failed', retryAfter: 1 } });
    const next = await queue.request('orders.create', { item: 'pot', token });
    await expect.poll(() => next).toHaveLength(1);
    expect(answers).toHaveLength(1);
    await service.close();
    expect(await queue.left()).toBe(0);
  });

  it.each<[string, (channel: Channel, message: Message) => unknown]>([
    ['acknowledges', (channel, message) => channel.ack(message)],
    ['rejects', (channel, message) => channel.reject(message, false)],
    ['settles all up to', (channel, message) => channel.nack(message, true, false)],
    ['settles everything with', (channel) => channel.ackAll()],
    [
      'acknowledges, in a moment,',
      async (channel, message) => {
        await channel.checkQueue(message.fields.routingKey);
        channel.ack(message);
      },
    ],
    [
      'acknowledges, when it has answered,',
      (channel, message) => {
        // Who asks the broker has the answer after everything that was sent before.
        void channel.checkQueue(message.fields.routingKey).then(() => channel.ack(message));
      },
    ],
  ])('stays open when a filter %s a refused message', async (_how, settle) => {
    const channels: Channel[] = [];
    @Catch()
    class SettlingFilter implements ExceptionFilter {
      async catch(_error: unknown, host: ArgumentsHost) {
        const context: unknown = host.switchToRpc().getContext();
        channels.push(channelOf(context));
        await settle(channelOf(context), messageOf(context));
        return EMPTY;
      }
    }
    const { queue, service, shipped, ship } = await start({
      providers: [{ provide: APP_FILTER, useClass: SettlingFilter }],
    });
    ship('refused');
    ship('behind it', pool.accessToken('alice'));
    await expect.poll(() => shipped).toEqual(['behind it']);
    await expect(channels[0]?.checkQueue(queue.name)).resolves.toBeDefined();
    await service.close();
    expect(await queue.left()).toBe(0);
  });

  it('leaves an event to the handler that accepts it', async () => {
    const { queue, service, shipped, ship } = await start();
    queue.emit('orders.counted', { item: 'counted' });
    ship('behind it', pool.accessToken('alice'));
    await expect.poll(() => shipped).toEqual(['counted', 'behind it']);
    expect(await queue.deadLetters()).toEqual([]);
    await service.close();
    expect(await queue.left()).toBe(0);
  });
});

describe.skipIf(!RABBITMQ_ANSWERS)('RabbitMQ without acknowledgements', () => {
  it('goes on after a refused event', async () => {
    const { shipped, ship, log } = await start({ noAck: true });
    ship('refused');
    ship('behind it', pool.accessToken('alice'));
    await expect.poll(() => shipped).toEqual(['behind it']);
    ship('later', pool.accessToken('alice'));
    await expect.poll(() => shipped).toEqual(['behind it', 'later']);
    expect(log.text).toContain('missing_token');
  });
});

/** Fails a number of times, then finds everybody. */
function failing(times: number) {
  let failures = 0;
  const resolve = async (principal: CognitoPrincipal) => {
    if ((failures += 1) <= times) throw new Error('The database is down');
    return principal;
  };
  return { identity: { useValue: { resolve } } };
}

function messageOf(context: unknown): Message {
  return (context as RmqContext).getMessage() as Message;
}

function acknowledge(context: unknown): void {
  channelOf(context).ack(messageOf(context));
}

function channelOf(context: unknown): Channel {
  return (context as RmqContext).getChannelRef() as Channel;
}
