import type { ExecutionContext } from '@nestjs/common';

type SetHeader = (name: string, value: string) => unknown;

/** The response of a platform: Express and Fastify both call it `header()`, Node `setHeader()`. */
interface Response {
  readonly header?: SetHeader;
  readonly setHeader?: SetHeader;
}

/** Whether a value is the response that stands beside an HTTP request. */
export function isResponse(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { header, setHeader } = value as Response;
  return typeof header === 'function' || typeof setHeader === 'function';
}

/** Sets a header of the response that belongs to an HTTP context. */
export function setResponseHeader(context: ExecutionContext, name: string, value: string): void {
  const response = context.switchToHttp().getResponse<Response>();
  if (response.header) response.header(name, value);
  else response.setHeader?.(name, value);
}
