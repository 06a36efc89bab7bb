import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import type { Adapter, DemoConfiguration } from './configuration.js';
import type { LocalPool } from './local-pool.js';
import { signInOf } from './sign-in.js';
import { setupSwaggerPage } from './swagger-page.js';

const ADAPTERS: Record<Adapter, () => AbstractHttpAdapter> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
};

/** The API at this address with its pages, before it has a database or listens. */
export async function createApp(
  configuration: Pick<DemoConfiguration, 'adapter' | 'hostedUi'>,
  url: string,
  localPool?: LocalPool,
): Promise<INestApplication> {
  const { adapter, hostedUi = localPool?.hostedUi } = configuration;
  const module = AppModule.forRoot(signInOf(configuration, url, localPool), localPool);
  const app = await NestFactory.create(module, ADAPTERS[adapter](), {
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
