import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { SubscribeMessage, WebSocketGateway, WebSocketServer } from '@nestjs/websockets';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  MemoryRevocationStore,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { principalOf, withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import { io } from 'socket.io-client';
import type { Socket } from 'socket.io-client';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createApp } from '../support/app.js';
import { exception } from './client.js';
import type { Said } from './client.js';

/** What a gateway uses of socket.io. */
interface Server {
  of(namespace: string): Namespace;
  adapter(adapter: AdapterClass): unknown;
}
interface Namespace {
  readonly adapter: { readonly constructor: unknown };
  to(room: string): { emit(event: string, data: unknown): void };
}
interface ServerSocket {
  readonly id: string;
  readonly recovered: boolean;
  readonly rooms: Iterable<string>;
  join(room: string): unknown;
}
type AdapterClass = new (namespace: Namespace) => object;

/** Lets its sockets into a room of their user, and keeps count of them. */
abstract class BoardGateway {
  @WebSocketServer()
  readonly server: Server;

  readonly entered: [string | undefined, boolean][] = [];
  left = 0;

  handleConnection(socket: ServerSocket): void {
    const principal = principalOf(socket);
    const name = principal?.kind === 'user' ? principal.username : principal?.clientId;
    this.entered.push([name, socket.recovered]);
    if (!socket.recovered) socket.join(`board of ${name}`);
  }

  handleDisconnect(): void {
    this.left += 1;
  }

  @SubscribeMessage('rooms')
  @Public()
  rooms(socket: ServerSocket) {
    const rooms = [...socket.rooms].filter((room) => room !== socket.id);
    return { event: 'rooms', data: rooms };
  }
}

@WebSocketGateway()
@Authenticated()
class MainBoard extends BoardGateway {}

// The types leave out that socket.io takes patterns.
@WebSocketGateway({ namespace: /^\/team-\d+$/ as unknown as string })
@Authenticated()
class TeamBoard extends BoardGateway {}

interface Setup {
  options?: CognitoWsOptions;
  /** What socket.io is told about recovery. */
  recovery?: object;
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice' }, { username: 'bob' }],
  });
});

async function start({ options, recovery = {} }: Setup = {}): Promise<INestApplication> {
  class RecoveringAdapter extends IoAdapter {
    override createIOServer(...[port, given]: Parameters<IoAdapter['createIOServer']>) {
      return super.createIOServer(port, { ...given!, connectionStateRecovery: recovery });
    }
  }
  const auth = CognitoAuthModule.forRoot({ ...pool.options(), revocation: MemoryRevocationStore });
  const app = await createApp(
    'express',
    { imports: [auth], providers: [MainBoard, TeamBoard] },
    {
      configure: (nest) =>
        nest.useWebSocketAdapter(withCognitoAuth(nest, new RecoveringAdapter(nest), options)),
    },
  );
  onTestFinished(() => app.close());
  return app;
}

/** A client that loses its connection, misses something, and comes back. */
class Traveller {
  readonly heard: Said[] = [];
  private auth: object = {};

  private constructor(
    private readonly socket: Socket,
    private readonly board: BoardGateway,
    private readonly server: Server,
  ) {
    socket.auth = (send) => send(this.auth);
    socket.onAny((event: string, data: unknown) => this.heard.push({ event, data }));
    socket.on('connect_error', (error) => {
      this.heard.push({ event: 'exception', data: (error as { data?: unknown }).data });
    });
  }

  static async from(app: INestApplication, namespace = '/'): Promise<Traveller> {
    const socket = io(`${await app.getUrl()}${namespace}`, {
      autoConnect: false,
      reconnection: false,
      forceNew: true,
      transports: ['websocket'],
    });
    onTestFinished(() => void socket.disconnect());
    const main = app.get(MainBoard);
    const board = namespace === '/' ? main : app.get(TeamBoard);
    return new Traveller(socket, board, main.server);
  }

  /** Connects, hears something, and is gone before there is more to hear. */
  async leave(auth: object): Promise<void> {
    this.auth = auth;
    const entered = this.board.entered.length;
    this.socket.connect();
    await vi.waitUntil(() => this.board.entered.length > entered);
    this.tell('something');
    await vi.waitUntil(() => this.heard.length > 0);
    const { left } = this.board;
    this.socket.io.engine.close();
    await vi.waitUntil(() => this.board.left > left);
    this.tell('missed');
    this.heard.length = 0;
  }

  /** Connects again, and resolves with what came of it. */
  async comeBack(auth: object, ...more: [string, object][]): Promise<object> {
    this.auth = auth;
    const ended = new Promise<void>((resolve) => {
      this.socket.once('disconnect', () => resolve());
      this.socket.once('connect_error', () => resolve());
    });
    this.socket.connect();
    for (const [event, data] of more) this.socket.emit(event, data);
    this.socket.emit('rooms');
    const answered = vi.waitUntil(() => this.heard.some(({ event }) => event === 'rooms'));
    await Promise.race([ended, answered]);
    // Nobody but those who are in a room hears this.
    this.tell('news');
    if (this.socket.connected) {
      this.socket.emit('rooms');
      await vi.waitUntil(() => this.heard.filter(({ event }) => event === 'rooms').length > 1);
    }
    return { recovered: this.socket.recovered, heard: this.heard };
  }

  /** What somebody needs to pass for this client. */
  get session(): object {
    const { _pid: pid, _lastOffset: offset } = this.socket as never as Record<string, string>;
    return { pid, offset };
  }

  private tell(news: string): void {
    for (const namespace of ['/', '/team-1']) {
      for (const room of ['board of alice', 'board of bob', 'board of undefined']) {
        this.server.of(namespace).to(room).emit(room, news);
      }
    }
  }
}

const ROOMS = (...rooms: string[]) => ({ event: 'rooms', data: rooms });
const BOARD = 'board of alice';

/** What an event says; what socket.io adds is where it stands in what was sent. */
const said = (event: string, data: unknown) => ({ event, data });

const RECOVERED = {
  recovered: true,
  heard: [said(BOARD, 'missed'), ROOMS(BOARD), said(BOARD, 'news'), ROOMS(BOARD)],
};

function newSocketOf(name: string): object {
  const board = `board of ${name}`;
  return { recovered: false, heard: [ROOMS(board), said(board, 'news'), ROOMS(board)] };
}

describe('A socket of socket.io whose connection was lost', () => {
  describe.each(['/', '/team-1'])('in the namespace %s', (namespace) => {
    it('has its rooms again, and what it missed, with a newer token of its user', async () => {
      const app = await start();
      const client = await Traveller.from(app, namespace);
      await client.leave({ token: pool.accessToken('alice') });
      const token = pool.accessToken('alice', { claims: { jti: 'a-newer-one' } });
      expect(await client.comeBack({ token })).toEqual(RECOVERED);
    });

    it('is a new one with the token of another user', async () => {
      const app = await start();
      const client = await Traveller.from(app, namespace);
      await client.leave({ token: pool.accessToken('alice') });
      const { session } = client;
      const back = await client.comeBack({
        token: pool.accessToken('bob'),
        cognitoAuthCaller: 'nobody',
      });
      expect(back).toEqual(newSocketOf('bob'));
      expect(client.session).not.toMatchObject({ pid: (session as { pid: string }).pid });
    });

    it.each([
      ['no token', () => ({}), 'missing_token'],
      ['garbage', () => ({ token: 'garbage' }), 'malformed_token'],
      [
        'a forged token',
        () => ({ token: pool.forgedToken({ username: 'alice' }) }),
        'invalid_signature',
      ],
      [
        'an expired token',
        () => ({ token: pool.accessToken('alice', { expiresIn: -1 }) }),
        'token_expired',
      ],
      ['two tokens', () => ({ token: ['a', 'b'] }), 'malformed_request'],
    ] as const)('is refused with %s, and hears nothing', async (_, auth, code) => {
      const app = await start();
      const client = await Traveller.from(app, namespace);
      await client.leave({ token: pool.accessToken('alice') });
      expect(await client.comeBack(auth())).toEqual({ recovered: false, heard: [exception(code)] });
    });

    it.each([[{}], [{ skipMiddlewares: false }]])(
      'is refused once its token is revoked, and hears nothing: %j',
      async (recovery) => {
        const app = await start({ recovery });
        const client = await Traveller.from(app, namespace);
        const claims = { origin_jti: 'session-of-a-traveller' };
        const token = pool.accessToken('alice', { claims });
        await client.leave({ token });
        await app.get(CognitoAuthService).revoke({ originJti: claims.origin_jti });
        expect(await client.comeBack({ token })).toEqual({
          recovered: false,
          heard: [exception('token_revoked')],
        });
      },
    );
  });

  it('is asked for its token where socket.io asks middleware, too', async () => {
    const app = await start({ recovery: { skipMiddlewares: false } });
    const client = await Traveller.from(app);
    await client.leave({ token: pool.accessToken('alice') });
    expect(await client.comeBack({ token: pool.accessToken('alice') })).toEqual(RECOVERED);
    const other = await Traveller.from(app);
    await other.leave({ token: pool.accessToken('alice') });
    expect(await other.comeBack({ token: pool.accessToken('bob') })).toEqual(newSocketOf('bob'));
  });

  it('is not the socket of another client that knows its session, however often it asks', async () => {
    const app = await start();
    const client = await Traveller.from(app);
    await client.leave({ token: pool.accessToken('alice') });
    const { session } = client;
    for (const auth of [{}, { token: pool.forgedToken() }, { token: pool.accessToken('bob') }]) {
      const thief = await Traveller.from(app);
      const back = await thief.comeBack({ ...auth, ...session });
      expect(back).toMatchObject({ recovered: false });
      expect(JSON.stringify(back)).not.toMatch(/missed|alice/);
    }
    expect(await client.comeBack({ token: pool.accessToken('alice') })).toMatchObject({
      recovered: true,
    });
  });

  describe("with withoutToken: 'admit'", () => {
    const options: CognitoWsOptions = { withoutToken: 'admit' };

    it('comes back as nobody only if it was nobody', async () => {
      const app = await start({ options });
      const nobody = await Traveller.from(app);
      await nobody.leave({});
      const board = 'board of undefined';
      expect(await nobody.comeBack({})).toEqual({
        recovered: true,
        heard: [said(board, 'missed'), ROOMS(board), said(board, 'news'), ROOMS(board)],
      });
      const alice = await Traveller.from(app);
      await alice.leave({ token: pool.accessToken('alice') });
      expect(await alice.comeBack({})).toEqual(newSocketOf('undefined'));
    });

    it('is a new one when it has a token by now', async () => {
      const app = await start({ options });
      const client = await Traveller.from(app);
      await client.leave({});
      const back = await client.comeBack({ token: pool.accessToken('alice') });
      expect(back).toEqual(newSocketOf('alice'));
    });
  });

  describe("with withoutToken: 'wait'", () => {
    const options: CognitoWsOptions = { withoutToken: 'wait' };

    it('is a new one until its token is in the handshake', async () => {
      const app = await start({ options });
      const client = await Traveller.from(app);
      const token = pool.accessToken('alice');
      await client.leave({ token });
      const { session } = client;
      const again = await Traveller.from(app);
      const authenticate: [string, object] = ['authenticate', { token }];
      expect(await again.comeBack(session, authenticate)).toEqual({
        recovered: false,
        heard: [
          expect.objectContaining({ event: 'authenticated' }),
          ...(newSocketOf('alice') as { heard: Said[] }).heard,
        ],
      });
      expect(await client.comeBack({ token })).toMatchObject({ recovered: true });
    });
  });

  it('is held to its caller by adapters that an application installs later', async () => {
    const app = await start();
    const { server } = app.get(MainBoard);
    const Present = server.of('/').adapter.constructor as AdapterClass;
    server.adapter(class Later extends Present {});
    const client = await Traveller.from(app);
    await client.leave({ token: pool.accessToken('alice') });
    expect(await client.comeBack({ token: pool.accessToken('bob') })).toEqual(newSocketOf('bob'));
  });
});
