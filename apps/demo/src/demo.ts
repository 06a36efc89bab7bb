import type { INestApplication } from '@nestjs/common';
import type { DemoConfiguration } from './configuration.js';
import { createApp } from './create-app.js';
import { LocalPool } from './local-pool.js';
import { SetupError } from './setup-error.js';

/** A demo that runs. */
export interface Demo {
  readonly configuration: DemoConfiguration;
  /** Where the API is, without a slash at its end. */
  readonly url: string;
  /** Absent when the environment names another user pool. */
  readonly localPool?: LocalPool;
  close(): Promise<void>;
}

/**
 * Starts the local user pool, unless another one is named, and then the API.
 *
 * @throws SetupError when a port or the host cannot be had
 * @throws CognitoAuthOptionsError when the environment describes no user pool
 */
export async function startDemo(configuration: DemoConfiguration): Promise<Demo> {
  const { adapter, userPoolId, hostedUi } = configuration;
  const localPool = userPoolId === undefined ? await startLocalPool(configuration) : undefined;
  let app: INestApplication | undefined;
  try {
    app = await createApp(adapter, localPool, hostedUi);
    const url = await listen(app, configuration);
    return { configuration, url, localPool, close: app.close.bind(app) };
  } catch (error) {
    await app?.close();
    await localPool?.close();
    throw error;
  }
}

async function startLocalPool({ poolPort, port }: DemoConfiguration): Promise<LocalPool> {
  try {
    return await LocalPool.start(poolPort, port);
  } catch (error) {
    throw portError(error, poolPort, 'DEMO_POOL_PORT');
  }
}

async function listen(app: INestApplication, { host, port }: DemoConfiguration): Promise<string> {
  try {
    await app.listen(port, host);
  } catch (error) {
    throw hostError(error, host) ?? portError(error, port, 'PORT');
  }
  app.flushLogs();
  const address = new URL(await app.getUrl());
  return `http://${hostnameFor(host)}:${address.port}`;
}

// All of them are reached as localhost, with IPv4 or IPv6.
const LOCAL_HOSTS = new Set(['127.0.0.1', '::1', '0.0.0.0', '::']);

function hostnameFor(host: string): string {
  if (LOCAL_HOSTS.has(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function hostError(cause: unknown, host: string): SetupError | undefined {
  const isUnknown = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(String(codeOf(cause)));
  if (!isUnknown) return undefined;
  return new SetupError(`DEMO_HOST must be an address of this machine, got "${host}".`, { cause });
}

function portError(cause: unknown, port: number, variable: string): unknown {
  const problem = PORT_PROBLEMS.get(codeOf(cause));
  return problem ? new SetupError(problem(port, variable), { cause }) : cause;
}

const PORT_PROBLEMS = new Map<unknown, (port: number, variable: string) => string>([
  [
    'EADDRINUSE',
    (port, variable) =>
      `Port ${port} is taken: stop what listens there, or set ${variable} to another port.`,
  ],
  [
    'EACCES',
    (port, variable) =>
      `Port ${port} is not for ordinary users: set ${variable} to a port from 1024 on.`,
  ],
]);

/** The code of a system error, or of the one that led to this error. */
function codeOf(error: unknown): unknown {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code ?? (cause as NodeJS.ErrnoException | undefined)?.code;
}
