import { NestFactory } from '@nestjs/core';
import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import {
  assertNoUnprotectedRoutes,
  CognitoAuthModule,
  CognitoAuthService,
  fromRpcMetadata,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { registeredStrategies } from '../support/passport.js';
import { OrdersController } from './orders.controller.js';
import { startService } from './running.js';
import { ask, connected, listening, tell } from './transporters.js';

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
});

function registration() {
  const tokenFrom = fromRpcMetadata('token');
  return CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true, tokenFrom });
}

describe('CognitoAuthModule', () => {
  it('starts in a microservice without HTTP, and ends with it', async () => {
    const place = await listening();
    const strategies = registeredStrategies();
    const metadata = { imports: [registration()], controllers: [OrdersController] };
    const service = await startService(metadata, place.options);
    const auth = service.get(CognitoAuthService);
    await expect(auth.ready()).resolves.toBeUndefined();
    expect(auth.routes()).toEqual([]);
    // oxlint-disable-next-line typescript/unbound-method -- only looked at
    expect(auth.rulesOf(OrdersController, OrdersController.prototype.list)).toEqual({
      mode: 'required',
    });
    expect(() => assertNoUnprotectedRoutes(service)).not.toThrow();
    expect(registeredStrategies()).toHaveLength(strategies.length + 1);
    await service.close();
    expect(registeredStrategies()).toEqual(strategies);
  });

  it('starts in an application that listens to nothing', async () => {
    class AppModule {}
    const root = { module: AppModule, imports: [registration()], controllers: [OrdersController] };
    const setup = { logger: false, abortOnError: false } as const;
    const context = await NestFactory.createApplicationContext(root, setup);
    onTestFinished(() => context.close());
    const auth = context.get(CognitoAuthService);
    await expect(auth.verify(pool.accessToken('alice'))).resolves.toMatchObject({
      username: 'alice',
    });
    expect(auth.routes()).toEqual([]);
  });
});

describe('The log of a microservice', () => {
  it('has no error for what anybody may send', async () => {
    @Controller()
    class EventsController {
      readonly items: unknown[] = [];

      @EventPattern('noted')
      note({ item }: { item: string }) {
        this.items.push(item);
      }

      @EventPattern('open')
      @Public()
      open({ item }: { item: string }) {
        this.items.push(item);
      }
    }
    const error = vi.fn<() => void>();
    const logger = { error, fatal: error, log() {}, warn: error };
    const place = await listening();
    const controllers = [OrdersController, EventsController];
    const metadata = { imports: [registration()], controllers };
    const service = await startService(metadata, place.options, { logger });
    const client = await connected(service, place);
    const { items } = service.get(EventsController);
    await tell(client, 'noted', { item: 'without a token' });
    await tell(client, 'noted', { item: 'with a bad token', token: 'a.b.c' });
    await ask(client, 'orders.list', { token: 'a.b.c' });
    await tell(client, 'open', { item: 'for everybody' });
    await tell(client, 'noted', { item: 'with a token', token: pool.accessToken('alice') });
    await vi.waitFor(() => expect(items).toHaveLength(2));
    expect(items).toEqual(['for everybody', 'with a token']);
    expect(error).not.toHaveBeenCalled();
  });
});
