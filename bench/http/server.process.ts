// A server with one route, guarded in one way.
import 'reflect-metadata';
import { applyDecorators, Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { reply, startArgument } from '../processes.js';
import type { PoolSetup } from '../tokens/cognito.js';
import { type Adapter, httpAdapterOf } from './adapters.js';
import { protectionOf, type RouteName } from './routes.js';

export interface ServerSetup {
  readonly adapter: Adapter;
  readonly route: RouteName;
  readonly pool: PoolSetup;
}

const { adapter, route, pool } = startArgument() as ServerSetup;
const { decorators, imports = [], providers = [] } = protectionOf(route, pool);

@applyDecorators(...decorators)
@Controller('orders')
class OrdersController {
  @Get()
  list() {
    return [{ id: 1, status: 'paid' }];
  }
}

@Module({ controllers: [OrdersController], imports, providers })
class AppModule {}

const app = await NestFactory.create(AppModule, await httpAdapterOf(adapter), {
  logger: ['error', 'warn'],
});
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
reply({ url: `http://127.0.0.1:${port}/orders` });
