import type { AbstractHttpAdapter } from '@nestjs/core';

export type Adapter = 'express' | 'fastify';

/** The HTTP server of an application; only the wanted one is loaded. */
export async function httpAdapterOf(adapter: Adapter): Promise<AbstractHttpAdapter> {
  if (adapter === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
