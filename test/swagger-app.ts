// What the end-to-end tests of `nestjs-cognito-auth/swagger` have in common.
import { Module } from '@nestjs/common';
import type { INestApplication, ModuleMetadata, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { CognitoAuthModule } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { applyCognitoSecurity } from 'nestjs-cognito-auth/swagger';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import request from 'supertest';
import { afterEach } from 'vitest';

type Adapter = 'express' | 'fastify';

interface Setup {
  adapter?: Adapter;
  options?: Partial<CognitoAuthOptions>;
  protectAll?: boolean;
}

/** An operation of a document, as far as these tests look at it. */
export interface Operation {
  description?: string;
  security?: Record<string, string[]>[];
  responses: Record<string, DocumentedResponse>;
  [extension: `x-${string}`]: unknown;
}

interface DocumentedResponse {
  $ref?: string;
  description: string;
  headers?: Record<string, { description: string }>;
  content?: Record<string, { schema: { $ref?: string } }>;
}

export const ADAPTERS: Adapter[] = ['express', 'fastify'];

/** The security of an operation that needs a token, whatever its scopes. */
export const PROTECTED = [{ cognito: [] }];

export const pool = await LocalUserPool.create({
  users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }],
});

const running: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** An application with the guard, as `main.ts` has it before `listen()`. */
export function createApp(
  metadata: ModuleMetadata,
  { adapter, options, protectAll }: Setup = {},
): Promise<INestApplication> {
  const auth = CognitoAuthModule.forRoot({ ...pool.options(), ...options, protectAll });
  const imports = [auth, ...(metadata.imports ?? [])];
  return createAppOf(moduleOf({ ...metadata, imports }), adapter);
}

/** An application of any root module; it is closed after the test. */
export async function createAppOf(
  root: Type,
  adapter: Adapter = 'express',
): Promise<INestApplication> {
  const httpAdapter = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(root, httpAdapter, { logger: false, abortOnError: false });
  running.push(app);
  return app;
}

export function moduleOf(metadata: ModuleMetadata): Type {
  @Module(metadata)
  class AnyModule {}
  return AnyModule;
}

/** Starts an application and returns a client of it. */
export async function started(app: INestApplication) {
  await app.init();
  if (app.getHttpAdapter().getType() === 'fastify') {
    await (app as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  }
  return request(app.getHttpServer());
}

/** The document without a word about tokens. */
export function createDocument(
  app: INestApplication,
  builder = new DocumentBuilder(),
  options?: SwaggerDocumentOptions,
): OpenAPIObject {
  return SwaggerModule.createDocument(app, builder.build(), options);
}

/** The document of an application that has only these controllers. */
export async function documentOf(
  controllers: Type[],
  { configure, ...setup }: Setup & { configure?: (app: INestApplication) => void } = {},
): Promise<OpenAPIObject> {
  const app = await createApp({ controllers }, setup);
  configure?.(app);
  return applyCognitoSecurity(app, createDocument(app));
}

export function operationOf(document: OpenAPIObject, path: string, method = 'get'): Operation {
  const item = document.paths[path] as unknown as Record<string, Operation> | undefined;
  const operation = item?.[method];
  if (!operation) throw new Error(`The document has no ${method} ${path}`);
  return operation;
}

/** The security of every operation, by method and path. */
export function securitiesOf({ paths }: Pick<OpenAPIObject, 'paths'>): Record<string, unknown> {
  const entries = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => [
      `${method} ${path}`,
      (operation as Operation).security,
    ]),
  );
  return Object.fromEntries(entries);
}
