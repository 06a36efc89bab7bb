import { Controller, Get, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import type {
  CanActivate,
  INestApplication,
  ModuleMetadata,
  NestHybridApplicationOptions,
} from '@nestjs/common';
import { APP_GUARD, LazyModuleLoader, NestFactory } from '@nestjs/core';
import { EventPattern, MessagePattern } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { Test } from '@nestjs/testing';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import {
  assertNoUnprotectedRoutes,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  CurrentUser,
  fromBearerHeader,
  fromRpcMetadata,
  Groups,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { io } from 'socket.io-client';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { send } from '../support/app.js';
import { refusal } from '../support/refusals.js';
import { rpcRefusal } from './refusals.js';
import { ask, connectedToHybrid, listening, tell } from './transporters.js';

/** Routes and handlers of one controller, without a rule but for those that say so. */
@Controller()
class StockController {
  readonly sold: string[] = [];

  @Get('whoami')
  @MessagePattern('whoami')
  whoAmI(@CurrentUser('username') username?: string) {
    return { username: username ?? 'nobody' };
  }

  @Groups('admin')
  @MessagePattern('ruled')
  ruled(@CurrentUser('username') username?: string) {
    return { username: username ?? 'nobody' };
  }

  @Public()
  @MessagePattern('open')
  open() {
    return { sold: this.sold };
  }

  @EventPattern('sold')
  sell({ item }: { item: string }) {
    this.sold.push(item);
  }
}

/** The same for every request and message anew. */
@Controller({ scope: Scope.REQUEST })
class ScopedController {
  @Get('scoped')
  @MessagePattern('scoped')
  whoAmI(@CurrentUser('username') username?: string) {
    return { username: username ?? 'nobody' };
  }
}

@WebSocketGateway()
class StockGateway {
  @SubscribeMessage('whoami')
  whoAmI() {
    return { username: 'nobody' };
  }
}

const CONTROLLERS = [StockController, ScopedController];
const PATTERNS = ['whoami', 'scoped'];

let pool: LocalUserPool;
let others: LocalUserPool;
let token: string;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }];
  pool = await LocalUserPool.create({ users });
  others = await LocalUserPool.create({ users });
  token = pool.accessToken('alice');
});

function registration(protectAll: boolean, options = pool.options()) {
  const tokenFrom = [fromBearerHeader(), fromRpcMetadata('token')];
  return CognitoAuthModule.forRoot({ ...options, protectAll, tokenFrom });
}

/** An application that is not listening yet, with these controllers. */
async function create(metadata: ModuleMetadata): Promise<INestApplication> {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest tells modules apart by class
  const root = { module: class AppModule {}, controllers: CONTROLLERS, ...metadata };
  const setup = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create(root, new ExpressAdapter(), setup);
  onTestFinished(() => app.close());
  return app;
}

/** Lets an application listen to TCP besides HTTP. */
async function hybrid(app: INestApplication, options?: NestHybridApplicationOptions) {
  const place = await listening();
  app.connectMicroservice(place.options, options);
  await app.listen(0, '127.0.0.1');
  return connectedToHybrid(app, place);
}

function rulesOfWhoAmI(app: INestApplication) {
  // oxlint-disable-next-line typescript/unbound-method -- only looked at
  return app.get(CognitoAuthService).rulesOf(StockController, StockController.prototype.whoAmI);
}

const NOBODY = { username: 'nobody' };
const ALICE = { username: 'alice' };
const MISSING = rpcRefusal('missing_token');

describe.each<[string, NestHybridApplicationOptions | undefined]>([
  ['without options', undefined],
  ['with inheritAppConfig', { inheritAppConfig: true }],
  ['without inheritAppConfig', { inheritAppConfig: false }],
  ['with deferInitialization', { deferInitialization: true }],
  ['with both', { deferInitialization: true, inheritAppConfig: true }],
])('A hybrid application that connects %s', (_, options) => {
  it('protects every handler by protectAll', async () => {
    const app = await create({ imports: [registration(true)] });
    const client = await hybrid(app, options);
    for (const pattern of PATTERNS) {
      // oxlint-disable no-await-in-loop -- one after the other is easier to follow
      expect(await ask(client, pattern)).toEqual(MISSING);
      expect(await ask(client, pattern, { token: 'a.b.c' })).toEqual(rpcRefusal('malformed_token'));
      expect(await ask(client, pattern, { token })).toEqual(ALICE);
      // oxlint-enable no-await-in-loop
    }
    const weak = { token: pool.accessToken('bob') };
    expect(await ask(client, 'ruled', weak)).toEqual(rpcRefusal('insufficient_group'));
    await tell(client, 'sold', { item: 'cup' });
    await tell(client, 'sold', { item: 'teapot', token });
    await expect.poll(() => ask(client, 'open')).toEqual({ sold: ['teapot'] });
  });

  it('protects its routes as before', async () => {
    const app = await create({ imports: [registration(true)] });
    await hybrid(app, options);
    expect(await send(app, '/whoami')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/scoped')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/whoami', token)).toMatchObject({ status: 200, body: ALICE });
    expect(await send(app, '/scoped', token)).toMatchObject({ status: 200, body: ALICE });
    expect(() => assertNoUnprotectedRoutes(app)).not.toThrow();
    expect(rulesOfWhoAmI(app)).toEqual({ mode: 'required' });
  });

  it('protects nothing but what has a rule without protectAll', async () => {
    const app = await create({ imports: [registration(false)] });
    const client = await hybrid(app, options);
    expect(await ask(client, 'whoami')).toEqual(NOBODY);
    expect(await ask(client, 'scoped')).toEqual(NOBODY);
    expect(await ask(client, 'ruled')).toEqual(MISSING);
    expect(await ask(client, 'ruled', { token })).toEqual(ALICE);
    expect(rulesOfWhoAmI(app)).toBeUndefined();
  });
});

describe('The guard of a hybrid application', () => {
  it.each<[string, ModuleMetadata['providers']]>([
    ['useExisting', [{ provide: APP_GUARD, useExisting: CognitoGuard }]],
    ['useClass', [{ provide: APP_GUARD, useClass: CognitoGuard }]],
    ['a scope', [{ provide: APP_GUARD, useClass: CognitoGuard, scope: Scope.REQUEST }]],
  ])('is that of an APP_GUARD with %s, too', async (_, providers) => {
    const client = await hybrid(await create({ imports: [registration(false)], providers }));
    for (const pattern of PATTERNS) {
      // oxlint-disable no-await-in-loop -- one after the other is easier to follow
      expect(await ask(client, pattern)).toEqual(MISSING);
      expect(await ask(client, pattern, { token })).toEqual(ALICE);
      // oxlint-enable no-await-in-loop
    }
  });

  it('is one that main.ts made global', async () => {
    const app = await create({ imports: [registration(false)] });
    app.useGlobalGuards(app.get(CognitoGuard));
    const client = await hybrid(app);
    expect(await ask(client, 'whoami')).toEqual(MISSING);
    expect(await ask(client, 'whoami', { token })).toEqual(ALICE);
  });

  it('is one that became global after the microservice was connected, for routes', async () => {
    const app = await create({ imports: [registration(false)] });
    app.connectMicroservice((await listening()).options);
    app.useGlobalGuards(app.get(CognitoGuard));
    await app.listen(0, '127.0.0.1');
    expect(await send(app, '/whoami')).toMatchObject(refusal('missing_token'));
    expect(() => assertNoUnprotectedRoutes(app)).not.toThrow();
  });

  it('is not said to protect a handler that the microservice serves without it', async () => {
    const app = await create({ imports: [registration(false)] });
    const place = await listening();
    app.connectMicroservice(place.options);
    app.useGlobalGuards(app.get(CognitoGuard));
    const client = await connectedToHybrid(app, place);
    expect(await ask(client, 'whoami')).toEqual(NOBODY);
    expect(rulesOfWhoAmI(app)).toBeUndefined();
  });

  it('is not said to protect a gateway that was bound before a module made it global', async () => {
    let app: INestApplication | undefined;
    class LateModule {
      configure() {
        app?.useGlobalGuards(app.get(CognitoGuard));
      }
    }
    const imports = [registration(false), LateModule];
    app = await create({ imports, providers: [StockGateway] });
    app.useWebSocketAdapter(new IoAdapter(app));
    await app.listen(0, '127.0.0.1');
    expect(await send(app, '/whoami')).toMatchObject(refusal('missing_token'));
    expect(rulesOfWhoAmI(app)).toEqual({ mode: 'required' });
    // oxlint-disable-next-line typescript/unbound-method -- only looked at
    const { whoAmI } = StockGateway.prototype;
    expect(app.get(CognitoAuthService).rulesOf(StockGateway, whoAmI)).toBeUndefined();
  });

  it('runs before the guards of the microservice and of its handlers', async () => {
    const asked: string[] = [];
    class NotedGuard implements CanActivate {
      canActivate() {
        asked.push('another guard');
        return true;
      }
    }
    @Controller()
    @UseGuards(NotedGuard)
    class NotedController {
      @MessagePattern('noted')
      noted() {
        return asked;
      }
    }
    const app = await create({ imports: [registration(true)], controllers: [NotedController] });
    const place = await listening();
    app.connectMicroservice(place.options, { deferInitialization: true });
    for (const service of app.getMicroservices()) service.useGlobalGuards(new NotedGuard());
    const client = await connectedToHybrid(app, place);
    expect(await ask(client, 'noted')).toEqual(MISSING);
    expect(asked).toEqual([]);
    expect(await ask(client, 'noted', { token })).toEqual(['another guard', 'another guard']);
  });

  it('leaves the other guards of the application where Nest leaves them', async () => {
    @Injectable()
    class NobodyGuard implements CanActivate {
      canActivate() {
        return false;
      }
    }
    const providers = [{ provide: APP_GUARD, useClass: NobodyGuard }];
    const client = await hybrid(await create({ imports: [registration(true)], providers }));
    expect(await ask(client, 'whoami')).toEqual(MISSING);
    expect(await ask(client, 'whoami', { token })).toEqual(ALICE);
  });

  it('is the one of the same application', async () => {
    const imports = [registration(true), registration(true, others.options())];
    const [first, second, open] = await Promise.all([
      create({ imports: imports.slice(0, 1) }),
      create({ imports: imports.slice(1) }),
      create({ imports: [registration(false)] }),
    ]);
    const clients = [await hybrid(first), await hybrid(second), await hybrid(open)];
    const tokens = [token, others.accessToken('alice'), undefined];
    const answers = tokens.map((one) =>
      Promise.all(clients.map((client) => ask(client, 'whoami', { token: one }))),
    );
    const foreign = rpcRefusal('wrong_issuer');
    expect(await Promise.all(answers)).toEqual([
      [ALICE, foreign, NOBODY],
      [foreign, ALICE, NOBODY],
      [MISSING, MISSING, NOBODY],
    ]);
  });

  it('protects the gateways of the application as before', async () => {
    const app = await create({ imports: [registration(true)], providers: [StockGateway] });
    app.useWebSocketAdapter(new IoAdapter(app));
    await hybrid(app);
    const socket = io(await app.getUrl(), { transports: ['websocket'] });
    onTestFinished(() => void socket.close());
    const refused = new Promise((resolve) => {
      socket.once('exception', resolve);
      socket.emit('whoami', {}, resolve);
    });
    expect(await refused).toMatchObject(MISSING);
  });

  it('protects handlers of a module that is loaded later', async () => {
    @Controller()
    class LateController {
      @MessagePattern('late')
      late(@CurrentUser('username') username?: string) {
        return { username };
      }
    }
    @Module({ controllers: [LateController] })
    class LateModule {}
    const app = await create({ imports: [registration(true)] });
    await app.get(LazyModuleLoader).load(() => LateModule);
    const client = await hybrid(app);
    expect(await ask(client, 'late')).toEqual(MISSING);
    expect(await ask(client, 'late', { token })).toEqual(ALICE);
  });

  it('can be overridden by a test', async () => {
    @Injectable()
    class NobodyGuard implements CanActivate {
      canActivate() {
        return false;
      }
    }
    const module = await Test.createTestingModule({
      imports: [registration(true)],
      controllers: CONTROLLERS,
    })
      .overrideProvider(CognitoGuard)
      .useClass(NobodyGuard)
      .compile();
    const app = module.createNestApplication(new ExpressAdapter(), { logger: false });
    onTestFinished(() => app.close());
    const client = await hybrid(app);
    const forbidden = { status: 'error', message: 'Forbidden resource' };
    expect(await ask(client, 'whoami', { token })).toEqual(forbidden);
  });
});
