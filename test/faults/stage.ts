import type { LoggerService } from '@nestjs/common';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { expect, vi } from 'vitest';
import type { TestContext } from 'vitest';
import { Api } from './api.js';
import { JwksServer } from './jwks.server.js';
import type { Script, TlsIdentity } from './jwks.server.js';

// Where time has to pass it is a few seconds; the rest is for machines that are busy.
vi.setConfig({ testTimeout: 120_000 });

interface Closable {
  close(): Promise<unknown>;
}

/** The servers of one case, closed when it ends. */
export class Stage {
  private readonly open: Closable[] = [];

  constructor(onTestFinished: TestContext['onTestFinished']) {
    onTestFinished(() => this.close());
  }

  /** Serves key sets. */
  async keys(script: Script, tls?: TlsIdentity): Promise<JwksServer> {
    return this.closeLater(await JwksServer.start(script, tls));
  }

  /** Boots an application. */
  async api(options: CognitoAuthOptions, logger?: LoggerService): Promise<Api> {
    return this.closeLater(await Api.start(options, logger));
  }

  closeLater<T extends Closable>(closable: T): T {
    this.open.push(closable);
    return closable;
  }

  private async close(): Promise<void> {
    await Promise.all(this.open.map((closable) => closable.close()));
  }
}

/** Resolves as soon as the assertions hold; they have far longer than any retry takes. */
export function eventually(assertions: () => unknown): Promise<unknown> {
  return vi.waitFor(assertions, { timeout: 60_000, interval: 20 });
}

/** How many fetches may fail, or succeed after a failure, since that time: one a second. */
export function fetchesSince(begin: number): number {
  return 1 + Math.floor((performance.now() - begin) / 1000);
}

/** Whoever sent a valid token. */
export const ADMITTED = { status: 200, body: { username: 'alice' }, challenge: null };

/** What is answered while keys cannot be had: come back later, and nothing about the token. */
export const KEYS_UNAVAILABLE = {
  status: 503,
  body: {
    statusCode: 503,
    error: 'Service Unavailable',
    code: 'keys_unavailable',
    message: 'The keys to verify tokens with are not available at the moment; try again later',
  },
  challenge: null,
  retryAfter: expect.stringMatching(/^([1-9]|[12]\d|30)$/) as unknown,
};

/** What a token is answered that does not prove anything. */
export function refusal(code: string) {
  return {
    status: 401,
    body: { statusCode: 401, code },
    challenge: expect.stringContaining('error="invalid_token"') as unknown,
    retryAfter: null,
  };
}
