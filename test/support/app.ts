import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import request from 'supertest';
import { onTestFinished } from 'vitest';

/** The HTTP servers that everything has to hold on: `describe.each(ADAPTERS)('on %s', …)`. */
export const ADAPTERS = ['express', 'fastify'] as const;

export type Adapter = (typeof ADAPTERS)[number];

/** What an application may have besides its module. */
interface AppSetup {
  /** Called before the application starts, for global guards, filters and the like. */
  configure?: (app: INestApplication) => void;
  /** Default: nothing is logged. */
  logger?: LoggerService | false;
  /** Default: a free one. */
  port?: number;
}

/**
 * Starts a Nest application with this root module on a free port of this machine. Close it.
 *
 * Rejects with what stops its boot.
 */
export async function createApp(
  adapter: Adapter,
  metadata: ModuleMetadata,
  { configure, logger = false, port = 0 }: AppSetup = {},
): Promise<INestApplication> {
  const server = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest tells modules apart by class
  const root = { module: class AppModule {}, ...metadata };
  const app = await NestFactory.create(root, server, { logger, abortOnError: false });
  configure?.(app);
  await app.listen(port, '127.0.0.1');
  return app;
}

/** Starts an application for one test, and closes it when the test ends. */
export async function startApp(...app: Parameters<typeof createApp>): Promise<INestApplication> {
  const started = await createApp(...app);
  onTestFinished(() => started.close());
  return started;
}

/** What a client gets to see. */
export interface Answer {
  status: number;
  /** The header `WWW-Authenticate`. */
  challenge?: string;
  /** The header `Retry-After`. */
  retryAfter?: string;
  /** The member `code` of the body. */
  code?: unknown;
  body: unknown;
  headers: Record<string, string>;
}

/** How a request differs from `GET` with a bearer token. */
interface RequestSetup {
  method?: 'get' | 'head' | 'post' | 'delete';
  /** Several values are sent as several headers of that name. */
  headers?: Record<string, string | string[]>;
}

/** Sends a request, with a token when there is one. */
export async function send(
  app: INestApplication,
  path: string,
  token?: string,
  { method = 'get', headers = {} }: RequestSetup = {},
): Promise<Answer> {
  const call = request(await app.getUrl())[method](path);
  if (token !== undefined) call.set('authorization', `Bearer ${token}`);
  // The types leave out that superagent hands a list on to Node, which sends each value.
  for (const [name, value] of Object.entries(headers)) call.set(name, value as string);
  return answerOf(await call);
}

function answerOf({ status, headers, body }: request.Response): Answer {
  return {
    status,
    challenge: headers['www-authenticate'],
    retryAfter: headers['retry-after'],
    code: (body as { code?: unknown } | null)?.code,
    body,
    headers,
  };
}
