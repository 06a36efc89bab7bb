import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Ack, SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import {
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  Groups,
  MemoryRevocationStore,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, ProviderOf, RevocationStore } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { principalOf, withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { io, Manager } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createApp } from '../support/app.js';
import { ChatGateway } from './chat.gateway.js';
import { closing, connect, exception } from './client.js';

@WebSocketGateway({ namespace: 'rooms' })
class RoomsGateway {
  @WebSocketServer()
  readonly server: { to(room: string): { emit(event: string, data: object): void } };

  handleConnection(socket: { join(room: string): unknown }): void {
    const principal = principalOf(socket);
    if (principal?.sub) socket.join(principal.sub);
  }

  @SubscribeMessage('rooms')
  @Groups('moderator')
  rooms(@CurrentUser('username') by: string) {
    return { by };
  }

  @SubscribeMessage('manual')
  @Groups('moderator')
  manual(@CurrentUser('username') by: string, @Ack() ack: (by: string) => void) {
    ack(by);
  }
}

/** A second gateway of the same namespace. */
@WebSocketGateway({ namespace: 'rooms' })
class MoreRoomsGateway {
  connections = 0;

  handleConnection(): void {
    this.connections += 1;
  }
}

// The types leave out that socket.io takes patterns.
@WebSocketGateway({ namespace: /^\/team-\d+$/ as unknown as string })
class TeamsGateway {
  @SubscribeMessage('who')
  who(@CurrentUser('username') by = 'nobody') {
    return { event: 'caller', data: by };
  }
}

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['moderator'] }, { username: 'bob' }],
  });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

/** A store that never answers. */
class SilentStore extends MemoryRevocationStore {
  override isRevoked(): Promise<boolean> {
    return new Promise(() => undefined);
  }
}

/** A store that answers the first question at once, and the others when it is told to. */
class SlowStore extends MemoryRevocationStore {
  answer: () => void = () => undefined;
  private readonly answered = new Promise<void>((resolve) => (this.answer = resolve));
  private asked = 0;

  override async isRevoked(principal: CognitoPrincipal): Promise<boolean> {
    this.asked += 1;
    if (this.asked > 1) await this.answered;
    return super.isRevoked(principal);
  }
}

function start(
  options?: CognitoWsOptions,
  revocation: ProviderOf<RevocationStore> = MemoryRevocationStore,
): Promise<INestApplication> {
  const auth = CognitoAuthModule.forRoot({
    ...pool.options(),
    revocation,
    protectAll: true,
  });
  const providers = [ChatGateway, RoomsGateway, MoreRoomsGateway, TeamsGateway];
  return createApp(
    'express',
    { imports: [auth], providers },
    {
      configure: (app) => {
        const adapter = new RecoveringAdapter(app);
        app.useWebSocketAdapter(withCognitoAuth(app, adapter, options));
      },
    },
  );
}

/** An adapter of the application, whose sockets survive a lost connection. */
class RecoveringAdapter extends IoAdapter {
  override createIOServer(...[port, options]: Parameters<IoAdapter['createIOServer']>) {
    return super.createIOServer(port, { ...options!, connectionStateRecovery: {} });
  }
}

describe('On socket.io', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await start();
  });

  afterAll(() => app.close());

  async function whoIs(auth: unknown, token?: string): Promise<unknown> {
    const client = await connect('socket.io', app, { auth, token });
    client.send('say', 'hello');
    return client.said();
  }

  const saidBy = (by: string) => ({ event: 'said', data: { by, text: 'hello' } });

  it('the token of the handshake is auth.token, or else what the module finds', async () => {
    expect(await whoIs({ token: alice })).toEqual(saidBy('alice'));
    expect(await whoIs({ token: alice }, bob)).toEqual(saidBy('alice'));
    expect(await whoIs({ token: '' }, bob)).toEqual(saidBy('bob'));
    expect(await whoIs({ token: pool.forgedToken() }, bob)).toEqual(exception('invalid_signature'));
  });

  it.each([
    ['text', 'text'],
    ['a list', [1]],
    ['a number', 7],
    ['null', null],
  ])('a handshake whose auth is %s does not connect', async (_, auth) => {
    const socket = io(await app.getUrl(), {
      auth: auth as unknown as object,
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
    });
    const ends = ['connect', 'connect_error'].map((event) => eventOf(socket, event));
    const closed = eventOf(socket.io, 'close');
    await Promise.race([...ends, closed]);
    expect(socket.connected).toBe(false);
    socket.disconnect();
    expect(await whoIs({ token: alice })).toEqual(saidBy('alice'));
  });

  it('what is inherited or no text is not the token', async () => {
    const inherited = JSON.parse(`{"__proto__":{"token":"${alice}"}}`) as object;
    expect(await whoIs(inherited)).toEqual(exception('missing_token'));
    expect(await whoIs({ token: [alice, bob] })).toEqual(exception('malformed_request'));
    expect(await whoIs({ token: { toString: alice } })).toEqual(exception('malformed_request'));
    expect(await whoIs({ token: 7 })).toEqual(exception('malformed_request'));
    expect(({} as { token?: unknown }).token).toBeUndefined();
  });

  it('every namespace asks for a token of its own', async () => {
    const manager = new Manager(await app.getUrl(), { transports: ['websocket'] });
    onTestFinished(() => void manager.engine.close());
    const chat = manager.socket('/', { auth: { token: alice } });
    const rooms = manager.socket('/rooms', { auth: { token: bob } });
    const nothing = manager.socket('/team-1');
    const refused = await eventOf(nothing, 'connect_error');
    expect(refused).toMatchObject({ data: exception('missing_token').data });
    const said = eventOf(chat, 'said');
    chat.emit('say', 'hello');
    expect(await said).toEqual({ by: 'alice', text: 'hello' });
    const refusal = eventOf(rooms, 'exception');
    rooms.emit('rooms');
    expect(await refusal).toEqual(exception('insufficient_group').data);
  });

  it('a namespace that is closed leaves the others of its connection open', async () => {
    const claims = { origin_jti: 'session-of-rooms' };
    const manager = new Manager(await app.getUrl(), { transports: ['websocket'] });
    onTestFinished(() => void manager.engine.close());
    const chat = manager.socket('/', { auth: { token: alice } });
    const token = pool.accessToken('alice', { claims });
    const rooms = manager.socket('/rooms', { auth: { token } });
    expect(await rooms.emitWithAck('rooms')).toEqual({ by: 'alice' });
    await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
    const ended = eventOf(rooms, 'disconnect');
    rooms.emit('rooms');
    expect(await ended).toBe('io server disconnect');
    const said = eventOf(chat, 'said');
    chat.emit('say', 'hello');
    expect(await said).toEqual({ by: 'alice', text: 'hello' });
  });

  it('namespaces that clients make are protected', async () => {
    const client = await connect('socket.io', app, { namespace: '/team-7', token: bob });
    client.send('who');
    expect(await client.said()).toEqual({ event: 'caller', data: 'bob' });
    const refused = await connect('socket.io', app, { namespace: '/team-8' });
    expect(await refused.said()).toEqual(exception('missing_token'));
  });

  it('several gateways of a namespace see a socket once, and rooms work', async () => {
    const more = app.get(MoreRoomsGateway);
    more.connections = 0;
    const client = await connect('socket.io', app, { namespace: '/rooms', token: bob });
    client.send('rooms');
    expect(await client.said()).toEqual(exception('insufficient_group'));
    expect(more.connections).toBe(1);
    const { sub } = await app.get(CognitoAuthService).verify(bob);
    app.get(RoomsGateway).server.to(sub!).emit('news', {});
    expect(await client.said()).toEqual({ event: 'news', data: {} });
  });

  it('acknowledgements answer what is admitted, and exception what is refused', async () => {
    const url = `${await app.getUrl()}/rooms`;
    const socket = (token: string) => {
      const client = io(url, { auth: { token }, forceNew: true, transports: ['websocket'] });
      onTestFinished(() => void client.disconnect());
      return client;
    };
    const admitted = socket(alice);
    expect(await admitted.emitWithAck('rooms', 1)).toEqual({ by: 'alice' });
    expect(await admitted.emitWithAck('manual', 1)).toBe('alice');
    expect(await admitted.emitWithAck('authenticate', { token: bob })).toEqual(
      exception('wrong_principal').data,
    );
    expect(await admitted.emitWithAck('authenticate', { token: alice })).toMatchObject({
      status: 'ok',
    });
    const refused = socket(bob);
    const refusal = eventOf(refused, 'exception');
    refused.emit('rooms', 1, () => expect.unreachable());
    expect(await refusal).toEqual(exception('insufficient_group').data);
  });

  it('the acknowledgement of a token that a newer one overtakes says so', async () => {
    const store = new SlowStore();
    const slow = await start({}, { useValue: store });
    onTestFinished(() => slow.close());
    const client = io(await slow.getUrl(), {
      auth: { token: alice },
      forceNew: true,
      transports: ['websocket'],
    });
    onTestFinished(() => void client.disconnect());
    await eventOf(client, 'connect');
    const answers = [1, 2, 3, 4].map(() => client.emitWithAck('authenticate', { token: alice }));
    const [second, third] = await Promise.all(answers.slice(1, 3));
    expect([second, third]).toEqual([{ status: 'superseded' }, { status: 'superseded' }]);
    store.answer();
    expect(await answers[0]).toMatchObject({ status: 'ok' });
    expect(await answers[3]).toMatchObject({ status: 'ok' });
  });

  it('binary payloads find their sender', async () => {
    const client = await connect('socket.io', app, { token: bob });
    client.send('say', Buffer.from('hello'));
    expect(await client.said()).toEqual({
      event: 'said',
      data: { by: 'bob', text: Buffer.from('hello') },
    });
  });

  it('a socket that socket.io recovers is verified again', async () => {
    const claims = { origin_jti: 'session-to-recover' };
    const socket = io(await app.getUrl(), {
      auth: { token: pool.accessToken('alice', { claims }) },
      reconnectionDelay: 1,
      transports: ['websocket'],
      forceNew: true,
    });
    onTestFinished(() => void socket.disconnect());
    const said = eventOf(socket, 'said');
    socket.emit('say', 'hello');
    expect(await said).toEqual({ by: 'alice', text: 'hello' });
    const again = eventOf(socket, 'connect');
    socket.io.engine.close();
    await again;
    expect(socket.recovered).toBe(true);
    const saidAgain = eventOf(socket, 'said');
    socket.emit('say', 'again');
    expect(await saidAgain).toEqual({ by: 'alice', text: 'again' });

    await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
    const refused = eventOf(socket, 'exception');
    socket.io.engine.close();
    socket.emit('time');
    expect(await refused).toEqual(exception('token_revoked').data);
  });

  it('a socket that sends too much before its token is verified is closed', async () => {
    const waiting = await start({ withoutToken: 'wait' }, { useValue: new SilentStore() });
    onTestFinished(() => waiting.close());
    const client = await connect('socket.io', waiting);
    client.send('authenticate', { token: alice });
    for (let count = 0; count < 1000; count += 1) client.send('say', count);
    expect(await client.said()).toEqual(exception('malformed_request'));
    expect(await client.ended).toEqual(closing('socket.io', 'malformed_request'));
  });
});

/** What comes with the next event of that name. */
function eventOf(
  emitter: { once(event: never, listener: (data: unknown) => void): unknown },
  event: string,
): Promise<unknown> {
  return new Promise((resolve) => emitter.once(event as never, resolve));
}
