import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { HostedUi } from 'nestjs-cognito-auth/swagger';
import { AppModule } from './app.module.js';
import type { Adapter } from './configuration.js';
import type { LocalPool } from './local-pool.js';
import { setupSwaggerPage } from './swagger-page.js';

const ADAPTERS: Record<Adapter, () => AbstractHttpAdapter> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

/** The API with its Swagger page, before it has a database or listens. */
export async function createApp(
  adapter: Adapter,
  localPool?: LocalPool,
  hostedUi: HostedUi | undefined = localPool?.hostedUi,
): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.forRoot(localPool), ADAPTERS[adapter](), {
    abortOnError: false,
    // Held back until the API listens: why it does not is said in one line by main.ts.
    bufferLogs: true,
    autoFlushLogs: false,
    logger: ['warn', 'error', 'fatal'],
  });
  app.enableShutdownHooks();
  setupSwaggerPage(app, hostedUi);
  return app;
}
