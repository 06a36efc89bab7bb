// A server with one route, guarded in one way.
import 'reflect-metadata';
import { applyDecorators, Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { reply, startArgument } from '../processes.js';
import type { PoolSetup } from '../tokens/cognito.js';
import { protectionOf, type RouteName } from './routes.js';

export interface ServerSetup {
  readonly adapter: 'express' | 'fastify';
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

const app = await NestFactory.create(AppModule, await httpAdapter(), { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const { port } = app.getHttpServer().address();
reply({ url: `http://127.0.0.1:${port}/orders` });

async function httpAdapter() {
  if (adapter === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
