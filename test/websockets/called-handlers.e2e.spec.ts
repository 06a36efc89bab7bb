import { Inject, Module } from '@nestjs/common';
import type { INestApplication, ModuleMetadata, Provider } from '@nestjs/common';
import { NestFactory, REQUEST } from '@nestjs/core';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Authenticated, CognitoAuthModule, Groups, Public } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connect, exception } from './client.js';

@WebSocketGateway()
class BoundGateway {
  constructor() {
    this.remove = this.remove.bind(this);
    this.status = this.status.bind(this);
  }

  @SubscribeMessage('remove')
  @Groups('admin')
  remove() {
    return { event: 'removed', data: true };
  }

  @SubscribeMessage('status')
  @Public()
  status() {
    return { event: 'up', data: true };
  }
}

@WebSocketGateway()
class RequestScopedGateway extends BoundGateway {
  constructor(@Inject(REQUEST) readonly request: unknown) {
    super();
  }
}

@WebSocketGateway()
@Authenticated()
class Chat {
  @SubscribeMessage('say')
  say() {
    return { event: 'said', data: 'open' };
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
});

/** What traces calls; it answers for whatever it is asked, for the class, too. */
function traced(instance: unknown): unknown {
  if (!(instance instanceof BoundGateway)) return instance;
  return new Proxy(instance, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) =>
        (value as (...given: unknown[]) => unknown).apply(target, args);
    },
  });
}

async function start(
  providers: Provider[],
  { protectAll = false, instanceDecorator = (instance: unknown) => instance } = {},
  modules: ModuleMetadata['imports'] = [],
) {
  const imports = [CognitoAuthModule.forRoot({ ...pool.options(), protectAll }), ...modules];
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest tells modules apart by class
  const root = { module: class AppModule {}, imports, providers };
  const instrument = { instanceDecorator };
  const app = await NestFactory.create(root, { logger: false, abortOnError: false, instrument });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app;
}

/** What a server says to a message of a new client. */
async function ask(app: INestApplication, event: string, token?: string): Promise<object> {
  const client = await connect('socket.io', app, { token });
  client.send(event, {});
  return client.said();
}

describe('Messages for a function that is not the method', () => {
  const variants = [false, true].flatMap((protectAll) => [
    { gateway: BoundGateway, protectAll },
    { gateway: RequestScopedGateway, protectAll },
    { gateway: BoundGateway, protectAll, instanceDecorator: traced },
  ]);

  it.each(variants)(
    'are held to its rules ($gateway, protectAll: $protectAll, $instanceDecorator)',
    async ({ gateway, ...setup }) => {
      const app = await start([gateway], setup);
      expect(await ask(app, 'remove')).toMatchObject(exception('missing_token'));
      expect(await ask(app, 'remove', pool.accessToken('bob'))).toMatchObject(
        exception('insufficient_group'),
      );
      expect(await ask(app, 'remove', pool.accessToken('alice'))).toEqual({
        event: 'removed',
        data: true,
      });
      expect(await ask(app, 'status')).toEqual({ event: 'up', data: true });
    },
  );
});

// Nest 12 makes gateways for each request.
describe('Messages for a function that tells nothing of the method', () => {
  it.each([false, true])('are refused (protectAll: %s)', async (protectAll) => {
    const setup = { protectAll, instanceDecorator: traced };
    const app = await start([RequestScopedGateway], setup);
    expect(await ask(app, 'remove', pool.accessToken('bob'))).toMatchObject({
      event: 'exception',
      data: { status: 'error', message: 'Internal server error' },
    });
  });
});

describe('A gateway that Nest did not create from a class', () => {
  it.each<[string, Provider]>([
    ['useFactory', { provide: Chat, useFactory: () => new Chat() }],
    ['useFactory with another name', { provide: 'CHAT', useFactory: () => new Chat() }],
    ['useValue', { provide: Chat, useValue: new Chat() }],
  ])('stops the boot: %s', async (_, provider) => {
    await expect(start([provider])).rejects.toThrow(
      'The rule of Chat.say is lost: Nest does not run CognitoGuard for it.',
    );
    await expect(start([provider], { protectAll: true })).resolves.toBeDefined();
  });

  it.each<[string, Provider]>([
    ['useFactory', { provide: 'NOTIFIER', useFactory: (chat: Chat) => chat, inject: [Chat] }],
    ['useFactory, in a Proxy', proxied()],
    ['useExisting', { provide: 'NOTIFIER', useExisting: Chat }],
  ])('is that of another module, handed on and guarded: %s', async (_, notifier) => {
    @Module({ providers: [Chat], exports: [Chat] })
    class ChatModule {}
    @Module({ imports: [ChatModule], providers: [notifier], exports: ['NOTIFIER'] })
    class NotifierModule {}
    const app = await start([], {}, [NotifierModule]);
    expect(await ask(app, 'say')).toMatchObject(exception('missing_token'));
    expect(await ask(app, 'say', pool.accessToken('bob'))).toEqual({ event: 'said', data: 'open' });
  });
});

function proxied(): Provider {
  return { provide: 'NOTIFIER', useFactory: (chat: Chat) => new Proxy(chat, {}), inject: [Chat] };
}
