import type { ExecutionContext } from '@nestjs/common';

/** Sets a header of the response that belongs to an HTTP context. */
export function setResponseHeader(context: ExecutionContext, name: string, value: string): void {
  // Express and Fastify both call it header().
  const response = context
    .switchToHttp()
    .getResponse<{ header(name: string, value: string): unknown }>();
  response.header(name, value);
}
