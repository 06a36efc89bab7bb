import { Controller, Get } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { TestingModuleBuilder } from '@nestjs/testing';
import {
  Check,
  COGNITO_GLOBAL_GUARD,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  CurrentUser,
  Groups,
  Permissions,
  UserPool,
} from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule } from 'nestjs-cognito-auth/hosted-ui';
import { applyCognitoSecurity } from 'nestjs-cognito-auth/swagger';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, send } from './support/app.js';
import type { Adapter } from './support/app.js';
import { refusal } from './support/refusals.js';

@Controller()
class OrdersController {
  @Get('orders')
  @Groups('admin')
  orders(@CurrentUser('username') username: string) {
    return { username };
  }

  @Get('bare')
  bare(@CurrentUser('username') username: string) {
    return { username };
  }
}

/** Lets everybody in as a user of the test. */
class AnybodyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user?: Partial<CognitoUser> }>().user = {
      username: 'tester',
    };
    return true;
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create();
});

function testingModule(protectAll: boolean): TestingModuleBuilder {
  return Test.createTestingModule({
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll })],
    controllers: [OrdersController],
  });
}

async function start(adapter: Adapter, builder: TestingModuleBuilder): Promise<INestApplication> {
  const module = await builder.compile();
  const server = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = module.createNestApplication(server, { logger: false });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app;
}

const TESTER = { status: 200, body: { username: 'tester' } };

describe.each(ADAPTERS)('A Nest testing module on %s', (adapter) => {
  it('can override the guard that @UseGuards() and the rules name', async () => {
    const builder = testingModule(false).overrideGuard(CognitoGuard).useClass(AnybodyGuard);
    expect(await send(await start(adapter, builder), '/orders')).toMatchObject(TESTER);
  });

  // Nest keeps one override for each class, so a rule beside protectAll needs a real token.
  it('can override the guard that protects all, which is a provider', async () => {
    const builder = testingModule(true).overrideProvider(CognitoGuard).useClass(AnybodyGuard);
    const app = await start(adapter, builder);
    expect(await send(app, '/bare')).toMatchObject(TESTER);
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  });

  it('can override both, each by a token of its own', async () => {
    const builder = testingModule(true)
      .overrideGuard(CognitoGuard)
      .useClass(AnybodyGuard)
      .overrideProvider(COGNITO_GLOBAL_GUARD)
      .useClass(AnybodyGuard);
    const app = await start(adapter, builder);
    expect(await send(app, '/bare')).toMatchObject(TESTER);
    expect(await send(app, '/orders')).toMatchObject(TESTER);
  });

  it('keeps the guard of a rule when only the one that protects all is overridden', async () => {
    const builder = testingModule(true)
      .overrideProvider(COGNITO_GLOBAL_GUARD)
      .useClass(AnybodyGuard);
    const app = await start(adapter, builder);
    expect(await send(app, '/bare')).toMatchObject(TESTER);
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  });

  it('keeps the guard that protects all when only the one of a rule is overridden', async () => {
    const builder = testingModule(true).overrideGuard(CognitoGuard).useClass(AnybodyGuard);
    const app = await start(adapter, builder);
    expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  });

  it('can override the guard of rules that only it would decide', async () => {
    @Controller()
    class StaffController {
      @Get('staff')
      @UserPool('staff')
      @Permissions('staff:read')
      @Check(() => false)
      staff(@CurrentUser('username') username: string) {
        return { username };
      }
    }
    const userPools = [{ name: 'staff', ...pool.options() }];
    const builder = Test.createTestingModule({
      imports: [CognitoAuthModule.forRoot({ userPools })],
      controllers: [StaffController],
    });
    builder.overrideGuard(CognitoGuard).useClass(AnybodyGuard);
    expect(await send(await start(adapter, builder), '/staff')).toMatchObject(TESTER);
  });

  it('can override the service, with and without the guards', async () => {
    const verify = () => Promise.resolve({ kind: 'user', username: 'mocked' });
    const withService = (protectAll: boolean) =>
      testingModule(protectAll).overrideProvider(CognitoAuthService).useValue({ verify });
    const app = await start(adapter, withService(true));
    expect(await app.get(CognitoAuthService).verify('')).toMatchObject({ username: 'mocked' });
    // The guard does not ask the service.
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));

    const builder = withService(true)
      .overrideGuard(CognitoGuard)
      .useClass(AnybodyGuard)
      .overrideProvider(COGNITO_GLOBAL_GUARD)
      .useClass(AnybodyGuard);
    expect(await send(await start(adapter, builder), '/orders')).toMatchObject(TESTER);
  });

  it('can override the service beside what this library builds on it', async () => {
    const builder = Test.createTestingModule({
      imports: [
        CognitoAuthModule.forRoot(pool.options()),
        CognitoHostedUiModule.forRoot({
          domain: 'https://example.auth.eu-west-1.amazoncognito.com',
          clientId: pool.clientId,
          redirectUri: 'http://localhost:3000/auth/callback',
          logoutUri: 'http://localhost:3000/',
          cookies: { secret: 'x'.repeat(32) },
        }),
      ],
      controllers: [OrdersController],
    });
    builder.overrideProvider(CognitoAuthService).useValue({});
    const app = await start(adapter, builder);
    const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    applyCognitoSecurity(app, document);
    expect(document.paths['/orders']?.get?.security).toEqual([{ cognito: [] }]);
    expect(withCognitoAuth(app, new IoAdapter(app))).toBeInstanceOf(IoAdapter);
  });
});
