import {
  Catch,
  Controller,
  ForbiddenException,
  Get,
  Inject,
  Injectable,
  Scope,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type {
  ArgumentsHost,
  DynamicModule,
  ExceptionFilter,
  INestApplication,
  Type,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import {
  BaseWsExceptionFilter,
  ConnectedSocket,
  SubscribeMessage,
  WebSocketGateway,
  WsException,
} from '@nestjs/websockets';
import {
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  CurrentUser,
  Groups,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
  Scopes,
} from 'nestjs-cognito-auth';
import type { CognitoPrincipal, CognitoUser, IdentityResolver } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { connect, exception, PLATFORMS } from './client.js';
import { createSocketApp, socketAdapter } from './socket-app.js';

const callerIs = (user?: { username?: string }) => ({
  event: 'caller',
  data: user?.username ?? 'nobody',
});

@WebSocketGateway()
class BareGateway {
  @SubscribeMessage('bare')
  bare(@CurrentUser() user?: CognitoUser) {
    return callerIs(user);
  }

  @SubscribeMessage('public')
  @Public()
  public(@CurrentUser() user?: CognitoUser) {
    return callerIs(user);
  }

  @SubscribeMessage('optional')
  @OptionalAuth()
  optional(@CurrentUser() user?: CognitoUser) {
    return callerIs(user);
  }
}

@WebSocketGateway()
@UseGuards(CognitoGuard)
@Groups('moderator')
class ModeratorsGateway {
  @SubscribeMessage('inherited')
  inherited(@CurrentUser() user: CognitoUser, @RawToken() token: string) {
    return { event: 'caller', data: `${user.username} ${token.split('.').length}` };
  }

  @SubscribeMessage('scoped')
  @Scopes('chat/write')
  scoped(@Principal() principal: CognitoUser) {
    return callerIs(principal);
  }

  @SubscribeMessage('replaced')
  @Groups({ none: ['moderator'] })
  replaced(@CurrentUser() user: CognitoUser) {
    return callerIs(user);
  }
}

@Injectable({ scope: Scope.REQUEST })
class Sender {
  constructor(@Inject(REQUEST) readonly request: { user?: CognitoUser }) {}
}

@WebSocketGateway()
class ScopedGateway {
  constructor(@Inject(Sender) private readonly sender: Sender) {}

  @SubscribeMessage('request')
  @UseGuards(CognitoGuard)
  request(@CurrentUser() user: CognitoUser, @ConnectedSocket() socket: { user?: CognitoUser }) {
    const users = [user, socket.user, this.sender.request.user];
    return { event: 'caller', data: users.map((one) => one?.username).join() };
  }
}

@Controller()
class BareController {
  @Get('bare')
  bare() {
    return {};
  }
}

const GATEWAYS = [BareGateway, ModeratorsGateway, ScopedGateway];

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['moderator'] }, { username: 'bob' }],
  });
  alice = pool.accessToken('alice', { scopes: ['chat/write'] });
  bob = pool.accessToken('bob', { scopes: ['chat/write'] });
});

function caller(data: string): object {
  return { event: 'caller', data };
}

describe.each(PLATFORMS)('Rules of gateways on %s', (platform) => {
  let app: INestApplication;

  async function ask(token: string | undefined, event: string, data?: unknown): Promise<unknown> {
    const client = await connect(platform, app, { token });
    client.send(event, data);
    const said = await client.said();
    client.close();
    return said;
  }

  describe.each(ADAPTERS)('beside HTTP on %s, with protectAll', (http) => {
    beforeAll(async () => {
      const auth = CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true });
      const metadata = {
        imports: [auth],
        controllers: [BareController],
        providers: [Sender, ...GATEWAYS],
      };
      app = await createSocketApp(platform, metadata, { withoutToken: 'admit' }, http);
    });

    afterAll(() => app.close());

    it('protect what has none', async () => {
      expect(await ask(undefined, 'bare')).toEqual(exception('missing_token'));
      expect(await ask(undefined, 'bare', { some: 'payload' })).toEqual(exception('missing_token'));
      expect(await ask(bob, 'bare')).toEqual(caller('bob'));
      expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
      expect(await send(app, '/bare', bob)).toMatchObject({ status: 200 });
    });

    it('do not look at a token where everybody may call', async () => {
      expect(await ask(undefined, 'public')).toEqual(caller('nobody'));
      const client = await connect(platform, app, { token: bob });
      client.send('bare', 1);
      expect(await client.said()).toEqual(caller('bob'));
      client.send('public', 1);
      expect(await client.said()).toEqual(caller('nobody'));
    });

    it('make a token optional', async () => {
      expect(await ask(undefined, 'optional')).toEqual(caller('nobody'));
      expect(await ask(bob, 'optional')).toEqual(caller('bob'));
    });

    it('hold for a class, add up and are replaced', async () => {
      expect(await ask(undefined, 'inherited')).toEqual(exception('missing_token'));
      expect(await ask(bob, 'inherited')).toEqual(exception('insufficient_group'));
      expect(await ask(alice, 'inherited')).toEqual(caller('alice 3'));
      expect(await ask(alice, 'scoped')).toEqual(caller('alice'));
      expect(await ask(pool.accessToken('alice'), 'scoped')).toEqual(
        exception('insufficient_scope'),
      );
      expect(await ask(bob, 'replaced')).toEqual(caller('bob'));
      expect(await ask(alice, 'replaced')).toEqual(exception('insufficient_group'));
    });

    it('hold in a gateway with request-scoped providers', async () => {
      expect(await ask(undefined, 'request')).toEqual(exception('missing_token'));
      expect(await ask(bob, 'request', 5)).toEqual(caller('bob,bob,bob'));
    });
  });
});

/** Answers as Nest itself does up to version 11. */
@Catch(WsException)
class EmittingFilter implements ExceptionFilter<WsException> {
  catch(thrown: WsException, host: ArgumentsHost): void {
    const client = host.switchToWs().getClient<EitherSocket>();
    client.emit('exception', thrown.getError() as object);
  }
}

/** Answers as Nest itself does in this version. */
@Catch()
class OwnFilter extends BaseWsExceptionFilter {}

@WebSocketGateway()
class FilteredGateway {
  @SubscribeMessage('emitting')
  @UseFilters(EmittingFilter)
  @Groups('moderator')
  emitting() {
    return callerIs();
  }

  @SubscribeMessage('own')
  @UseFilters(OwnFilter)
  @Groups('moderator')
  own() {
    return callerIs();
  }

  @SubscribeMessage('failing')
  @UseFilters(EmittingFilter)
  failing() {
    throw new WsException({ reason: 'of the application' });
  }

  @SubscribeMessage('last')
  @Public()
  last() {
    return callerIs();
  }
}

class Accounts implements IdentityResolver<{ username: string } | null> {
  async resolve(principal: CognitoPrincipal) {
    if (principal.groups.length === 0) throw new ForbiddenException('The account is blocked');
    return principal.kind === 'user' ? { username: `account of ${principal.username}` } : null;
  }
}

/** As an application does that has no `withCognitoAuth()`. */
@WebSocketGateway()
class HandMadeGateway {
  constructor(@Inject(CognitoAuthService) private readonly auth: CognitoAuthService) {}

  async handleConnection(
    socket: EitherSocket,
    request?: { headers: Record<string, string> },
  ): Promise<void> {
    const { headers } = request ?? socket.handshake;
    try {
      await this.auth.authenticateConnection(socket, headers['x-token'] ?? '');
      // Nest does not wait for this method: what a client sends before would be too early.
      if (socket.disconnect) socket.emit('ready', {});
      else socket.send(JSON.stringify(READY));
    } catch {
      if (socket.disconnect) socket.disconnect(true);
      else socket.close(4401);
    }
  }

  @SubscribeMessage('who')
  @UseGuards(CognitoGuard)
  who(@CurrentUser() user: CognitoUser) {
    return callerIs(user);
  }

  /** As code does that knows nothing of this library. */
  @SubscribeMessage('socket')
  @UseGuards(CognitoGuard)
  socket(@ConnectedSocket() socket: EitherSocket) {
    return callerIs(socket.user);
  }
}

const READY = { event: 'ready', data: {} };

/** What the sockets of both packages have. */
interface EitherSocket {
  emit(event: string, data: object): void;
  send(text: string): void;
  handshake: { headers: Record<string, string> };
  disconnect?(close: boolean): void;
  close(code: number): void;
  readonly user?: { username?: string };
}

describe.each(PLATFORMS)('The user of a socket of %s', (platform) => {
  it('is what the hook says, never the principal, with withCognitoAuth()', async () => {
    const auth = CognitoAuthModule.forRoot({ ...pool.options(), identity: Accounts });
    const app = await createSocketApp(platform, { imports: [auth], providers: [UserGateway] });
    const client = await connect(platform, app, { token: alice });
    client.send('public');
    expect(await client.said()).toEqual(caller('nobody'));
    client.send('guarded');
    expect(await client.said()).toEqual(caller('account of alice'));
    client.send('public');
    expect(await client.said()).toEqual(caller('account of alice'));
    client.send('authenticate', { token: alice });
    expect(await client.said()).toMatchObject({ event: 'authenticated' });
    client.send('public');
    expect(await client.said()).toEqual(caller('account of alice'));
    await app.close();
  });
});

@WebSocketGateway()
class UserGateway {
  @SubscribeMessage('guarded')
  @UseGuards(CognitoGuard)
  guarded(@ConnectedSocket() socket: EitherSocket) {
    return callerIs(socket.user);
  }

  @SubscribeMessage('public')
  @Public()
  open(@ConnectedSocket() socket: EitherSocket) {
    return callerIs(socket.user);
  }
}

describe.each(PLATFORMS)('A gateway on %s without withCognitoAuth()', (platform) => {
  let app: INestApplication;

  async function start(auth: DynamicModule, ...gateways: Type[]): Promise<void> {
    app = await createApp(
      'express',
      { imports: [auth], providers: gateways },
      { configure: (started) => started.useWebSocketAdapter(socketAdapter(platform, started)) },
    );
  }

  it('takes what authenticateConnection() verifies', async () => {
    await start(CognitoAuthModule.forRoot(pool.options()), HandMadeGateway);
    const client = await connect(platform, app, { headers: { 'x-token': bob } });
    expect(await client.said()).toEqual(READY);
    client.send('who', 'am I');
    expect(await client.said()).toEqual(caller('bob'));
    const refused = await connect(platform, app);
    await refused.ended;
    await app.close();
  });

  it('refuses every message that needs a token, with the code', async () => {
    const options = { ...pool.options(), protectAll: true };
    await start(CognitoAuthModule.forRoot(options), BareGateway);
    const client = await connect(platform, app);
    client.send('bare', 1);
    expect(await client.said()).toEqual(exception('missing_token'));
    client.send('public', 1);
    expect(await client.said()).toEqual(caller('nobody'));
    await app.close();
  });

  it.each(['emitting', 'own'])('answers what it refuses once, with a filter: %s', async (event) => {
    await start(CognitoAuthModule.forRoot(pool.options()), FilteredGateway);
    const client = await connect(platform, app);
    for (let count = 0; count < 2; count += 1) {
      client.send(event, {});
      expect(await client.said()).toEqual(exception('missing_token'));
      client.send('last', {});
      expect(await client.said()).toEqual(caller('nobody'));
    }
    await app.close();
  });

  it('leaves what the application throws to its filters', async () => {
    await start(CognitoAuthModule.forRoot(pool.options()), FilteredGateway);
    const client = await connect(platform, app);
    client.send('emitting', {});
    expect(await client.said()).toEqual(exception('missing_token'));
    client.send('failing', {});
    client.send('last', {});
    const emitted = { event: 'exception', data: { reason: 'of the application' } };
    const answers = platform === 'ws' ? [caller('nobody')] : [emitted, caller('nobody')];
    const said = await Promise.all(answers.map(() => client.said()));
    expect(said).toEqual(expect.arrayContaining(answers));
    await app.close();
  });

  it('asks the hook who the user is, with each message', async () => {
    const options = { ...pool.options(), identity: Accounts };
    await start(CognitoAuthModule.forRoot(options), HandMadeGateway);
    const client = await connect(platform, app, { headers: { 'x-token': alice } });
    expect(await client.said()).toEqual(READY);
    client.send('who', 'am I');
    expect(await client.said()).toEqual(caller('account of alice'));
    client.send('socket');
    expect(await client.said()).toEqual(caller('account of alice'));
    const blocked = await connect(platform, app, { headers: { 'x-token': bob } });
    expect(await blocked.said()).toEqual(READY);
    blocked.send('who', 'am I');
    expect(await blocked.said()).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        statusCode: 403,
        error: 'Forbidden',
        message: 'The account is blocked',
      },
    });
    await app.close();
  });
});
