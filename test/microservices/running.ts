import { Catch } from '@nestjs/common';
import type {
  ArgumentsHost,
  ExceptionFilter,
  INestMicroservice,
  LoggerService,
  ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BaseRpcExceptionFilter } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { onTestFinished } from 'vitest';

/** Starts a microservice with this root module. Close it. */
export async function createService(
  metadata: ModuleMetadata,
  options: MicroserviceOptions,
  { logger = false }: { logger?: LoggerService | false } = {},
): Promise<INestMicroservice> {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest tells modules apart by class
  const root = { module: class AppModule {}, ...metadata };
  const setup = { ...options, logger, abortOnError: false };
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(root, setup);
  await service.listen();
  return service;
}

/** Starts a microservice for one test, and closes it when the test ends. */
export async function startService(
  ...service: Parameters<typeof createService>
): Promise<INestMicroservice> {
  const started = await createService(...service);
  onTestFinished(() => started.close());
  return started;
}

/** Keeps the codes of refused messages, and answers as Nest does. */
@Catch()
export class RefusalsFilter extends BaseRpcExceptionFilter implements ExceptionFilter {
  readonly codes: unknown[] = [];

  override catch(exception: { code?: unknown; getError?(): unknown }, host: ArgumentsHost) {
    const { code } = (exception.getError?.() ?? exception) as { code?: unknown };
    this.codes.push(code);
    // oxlint-disable-next-line promise/valid-params -- not a promise
    return super.catch(exception, host);
  }
}
