import { Controller, Get } from '@nestjs/common';
import type { CanActivate, ExecutionContext, INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { TestingModuleBuilder } from '@nestjs/testing';
import { CognitoAuthModule, CognitoGuard, CurrentUser, Groups } from 'nestjs-cognito-auth';
import type { CognitoUser } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
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
});
