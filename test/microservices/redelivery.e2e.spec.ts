import { Catch, Controller, Injectable, Scope, UseInterceptors } from '@nestjs/common';
import type { ExceptionFilter, ModuleMetadata, NestInterceptor } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  EventPattern,
  KafkaRetriableException,
  MessagePattern,
  Payload,
  RmqContext,
  RpcException,
  Server,
} from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { CognitoAuthModule, fromRpcMetadata, Groups, Public } from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { isObservable, lastValueFrom, throwError } from 'rxjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CapturedLog } from '../attacks/captured-log.js';
import { KafkaPartition, PARTITIONS } from './partitions.js';
import type { Entry } from './partitions.js';
import { rpcRefusal } from './refusals.js';
import { RefusalsFilter, startService } from './running.js';

@Injectable()
class PassOn implements NestInterceptor {
  intercept: NestInterceptor['intercept'] = (_context, next) => next.handle();
}

@Controller()
class ShippingController {
  readonly shipped: string[] = [];
  readonly counted: string[] = [];

  @EventPattern('orders.shipped')
  @Groups('admin')
  ship(@Payload('item') item: string) {
    this.shipped.push(item);
  }

  @EventPattern('orders.counted')
  @Groups('admin')
  countForAdmins(@Payload('item') item: string) {
    this.counted.push(item, 'by an admin');
  }

  // Its handler runs when somebody subscribes to its outcome.
  @EventPattern('orders.counted')
  @UseInterceptors(PassOn)
  @Public()
  count(@Payload('item') item: string) {
    this.counted.push(item);
  }

  @MessagePattern('orders.create')
  create(@Payload('item') item: string) {
    return { item };
  }
}

@Controller({ scope: Scope.REQUEST })
class AuditController {
  @EventPattern('orders.audited')
  audit(@Payload('item') item: string) {
    return item;
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }],
  });
});

function event(item: string, token?: string, pattern = 'orders.shipped'): Entry {
  return { pattern, payload: { item, token } };
}

function good(item: string): Entry {
  return event(item, pool.accessToken('alice'));
}

async function start(
  strategy: CustomTransportStrategy,
  { providers = [], hooks = {} }: { providers?: ModuleMetadata['providers']; hooks?: object } = {},
) {
  const logger = new CapturedLog();
  const tokenFrom = fromRpcMetadata('token');
  const options = { ...pool.options(), protectAll: true, tokenFrom, ...hooks };
  const service = await startService(
    {
      imports: [CognitoAuthModule.forRoot(options)],
      controllers: [ShippingController, AuditController],
      providers,
    },
    { strategy },
    { logger },
  );
  return { log: logger, service, controller: service.get(ShippingController) };
}

/** Fails a number of times, then finds everybody. */
function failing(times: number) {
  let failures = 0;
  const resolve = async (principal: CognitoPrincipal) => {
    if ((failures += 1) <= times) throw new Error('The database is down');
    return principal;
  };
  return { identity: { useValue: { resolve } } };
}

const REFUSED: [name: string, code: string, token: () => string | undefined][] = [
  ['has no token', 'missing_token', () => undefined],
  [
    'has a token that expired',
    'token_expired',
    () => pool.accessToken('alice', { expiresIn: -60 }),
  ],
  ['has no token of this pool', 'malformed_token', () => 'a.b.c'],
  ['comes from somebody else', 'insufficient_group', () => pool.accessToken('bob')],
];

describe.each(PARTITIONS)('An ordered transport (%s)', (_name, createPartition) => {
  it.each(REFUSED)('goes on after an event that %s', async (_event, code, tokenOf) => {
    const partition = createPartition();
    const { controller, log } = await start(partition);
    const token = tokenOf();
    const entries = [good('first'), event('refused', token), good('behind it')];
    expect(await partition.consume(entries)).toEqual([1, 1, 1]);
    expect(controller.shipped).toEqual(['first', 'behind it']);
    expect(log.text).toContain('Event refused');
    expect(log.text).toContain(`'${code}'`);
    expect(log.text).toContain('ShippingController.ship');
    expect(log.text).not.toContain(token ?? 'eyJ');
  });

  it('names the sender in the log only when the token was verified', async () => {
    const partition = createPartition();
    const { log } = await start(partition);
    const token = pool.accessToken('bob');
    await partition.consume([event('cup', token)]);
    const { sub, jti } = claimsOf(token);
    expect(log.text).toContain(sub);
    expect(log.text).toContain(jti);
    log.clear();
    const expired = pool.accessToken('alice', { expiresIn: -60 });
    await partition.consume([event('cup', expired)]);
    expect(log.text).toContain('token_expired');
    expect(log.text).not.toContain(claimsOf(expired).sub);
    expect(log.text).not.toContain(claimsOf(expired).jti);
  });

  it('shows a refused event to the filters of the application, and goes on', async () => {
    const partition = createPartition();
    const { service, controller } = await start(partition, {
      providers: [RefusalsFilter, { provide: APP_FILTER, useExisting: RefusalsFilter }],
    });
    expect(await partition.consume([event('refused'), good('behind it')])).toEqual([1, 1]);
    expect(service.get(RefusalsFilter).codes).toEqual(['missing_token']);
    expect(controller.shipped).toEqual(['behind it']);
  });

  it.each<[string, (error: unknown) => unknown]>([
    ['the refusal', (error) => throwError(() => error)],
    ['a text', () => throwError(() => 'refused')],
    ['an RpcException', () => throwError(() => new RpcException('refused'))],
    ['nothing', () => undefined],
    ['a promise', async () => 'logged'],
  ])('goes on when a filter answers with %s', async (_answer, answer) => {
    const partition = createPartition();
    const filter = filterThat(answer);
    const { controller } = await start(partition, { providers: [filter] });
    expect(await partition.consume([event('refused'), good('behind it')])).toEqual([1, 1]);
    expect(controller.shipped).toEqual(['behind it']);
  });

  it.each<[string, () => unknown]>([
    ['throws', fail],
    ['rejects', async () => fail()],
    ['emits an error', () => throwError(() => new TypeError('The audit log is full'))],
  ])('goes on, and logs the fault, when a filter %s', async (_how, answer) => {
    const partition = createPartition();
    const { controller, log } = await start(partition, { providers: [filterThat(answer)] });
    expect(await partition.consume([event('refused'), good('behind it')])).toEqual([1, 1]);
    expect(controller.shipped).toEqual(['behind it']);
    expect(log.text).toContain('The audit log is full');
  });

  it('delivers a refused event again when a filter asks for it', async () => {
    const partition = createPartition();
    const again = filterThat(() => throwError(() => new KafkaRetriableException('not yet')));
    await start(partition, { providers: [again] });
    expect(await partition.consume([event('refused'), good('behind it')])).toEqual([5]);
  });

  it('delivers an event again while a hook fails', async () => {
    const partition = createPartition();
    const { controller, log } = await start(partition, { hooks: failing(2) });
    expect(await partition.consume([good('first'), good('behind it')])).toEqual([3, 1]);
    expect(controller.shipped).toEqual(['first', 'behind it']);
    expect(log.text).toContain('hook_failed');
  });

  it('goes on after an event that a handler of its own request refuses', async () => {
    const partition = createPartition();
    const { log } = await start(partition);
    const entries = [event('cup', undefined, 'orders.audited'), good('behind it')];
    expect(await partition.consume(entries)).toEqual([1, 1]);
    expect(log.text).toContain('AuditController.audit');
  });

  it('lets another handler have an event that one refuses', async () => {
    const partition = createPartition();
    const { controller } = await start(partition);
    const entries = [event('counted', undefined, 'orders.counted'), good('behind it')];
    expect(await partition.consume(entries)).toEqual([1, 1]);
    expect(controller.counted).toEqual(['counted']);
    expect(controller.shipped).toEqual(['behind it']);
  });
});

describe('A request over Kafka', () => {
  it('is answered with the refusal, and done', async () => {
    const partition = new KafkaPartition();
    await start(partition);
    const request = { pattern: 'orders.create', payload: { item: 'cup' }, replyTopic: 'replies' };
    expect(await partition.consume([request, good('behind it')])).toEqual([1, 1]);
    await expect
      .poll(() => partition.replies)
      .toEqual([expect.objectContaining({ error: expect.anything() as unknown })]);
    const [reply] = partition.replies;
    expect(JSON.parse(String(reply?.['error']))).toEqual(rpcRefusal('missing_token'));
  });

  it('is done, too, when nobody waits for the answer', async () => {
    const partition = new KafkaPartition();
    const { log, controller } = await start(partition);
    const request = event('cup', undefined, 'orders.create');
    expect(await partition.consume([request, good('behind it')])).toEqual([1, 1]);
    expect(controller.shipped).toEqual(['behind it']);
    expect(log.text).toContain('missing_token');
  });
});

/** A strategy of an application over a queue, whose handlers settle what they are given. */
class QueueStrategy extends Server implements CustomTransportStrategy {
  readonly channel = { ack: vi.fn<Settle>(), nack: vi.fn<Settle>() };

  constructor(readonly noAck?: boolean) {
    super();
  }

  listen(callback: () => void) {
    callback();
  }

  close() {}

  on() {}

  unwrap(): never {
    throw new Error('There is nothing in it');
  }

  async deliver({ pattern, payload }: Entry) {
    const message = { fields: { deliveryTag: 7 }, properties: {}, content: Buffer.from('') };
    const context = new RmqContext([message, this.channel, pattern]);
    const outcome: unknown = await this.getHandlerByPattern(pattern)?.(payload, context);
    const end = isObservable(outcome) ? lastValueFrom(outcome) : Promise.resolve();
    const hasFailed = await end.then(
      () => false,
      () => true,
    );
    return { message, hasFailed };
  }
}

type Settle = (message?: object, allUpTo?: boolean, requeue?: boolean) => void;

describe('A strategy of the application with the channel of a queue', () => {
  it.each([[undefined], [false]])('has a refused event dropped when noAck is %s', async (noAck) => {
    const strategy = new QueueStrategy(noAck);
    await start(strategy);
    const { message, hasFailed } = await strategy.deliver(event('refused'));
    expect(hasFailed).toBe(false);
    expect(strategy.channel.nack.mock.calls).toEqual([[message, false, false]]);
    expect(strategy.channel.ack).not.toHaveBeenCalled();
  });

  it('has nothing settled when noAck is true', async () => {
    const strategy = new QueueStrategy(true);
    await start(strategy);
    await strategy.deliver(event('refused'));
    expect(strategy.channel.nack).not.toHaveBeenCalled();
  });

  it('settles no event twice', async () => {
    const strategy = new QueueStrategy();
    await start(strategy);
    const { message } = await strategy.deliver(event('refused'));
    strategy.channel.ack(message);
    strategy.channel.nack(message, false, true);
    expect(strategy.channel.ack).not.toHaveBeenCalled();
    expect(strategy.channel.nack.mock.calls).toEqual([[message, false, false]]);
  });

  it('settles what its handlers accept', async () => {
    const strategy = new QueueStrategy();
    const { controller } = await start(strategy);
    await strategy.deliver(event('refused'));
    const { message } = await strategy.deliver(good('cup'));
    strategy.channel.ack(message);
    expect(controller.shipped).toEqual(['cup']);
    expect(strategy.channel.ack.mock.calls).toEqual([[message]]);
    expect(strategy.channel.nack).toHaveBeenCalledOnce();
  });

  it('learns of an event that has to come again', async () => {
    const strategy = new QueueStrategy();
    await start(strategy, { hooks: failing(1) });
    const { hasFailed } = await strategy.deliver(good('cup'));
    expect(hasFailed).toBe(true);
    expect(strategy.channel.nack).not.toHaveBeenCalled();
    expect(await strategy.deliver(good('cup'))).toMatchObject({ hasFailed: false });
  });
});

function filterThat(answer: (error: unknown) => unknown) {
  @Catch()
  class AnyFilter implements ExceptionFilter {
    catch = answer;
  }
  return { provide: APP_FILTER, useClass: AnyFilter };
}

function fail(): never {
  throw new Error('The audit log is full');
}

function claimsOf(token: string): { sub: string; jti: string } {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as never;
}
