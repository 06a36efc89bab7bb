import type { INestApplication } from '@nestjs/common';
import { ApiAddress } from './api-address.js';
import type { DemoConfiguration } from './configuration.js';
import { createApp } from './create-app.js';
import { portError } from './listen-errors.js';
import { LocalPool } from './local-pool.js';

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
  const address = await ApiAddress.hold(configuration.host, configuration.port);
  const { url } = address;
  let localPool: LocalPool | undefined;
  let app: INestApplication | undefined;
  try {
    localPool = await startLocalPool(configuration, address);
    app = await createApp(configuration, url, localPool);
    await address.give(app);
    app.flushLogs();
    return { configuration, url, localPool, close: app.close.bind(app) };
  } catch (error) {
    address.release();
    await app?.close();
    await localPool?.close();
    throw error;
  }
}

async function startLocalPool(
  { userPoolId, poolPort }: DemoConfiguration,
  { port }: ApiAddress,
): Promise<LocalPool | undefined> {
  if (userPoolId !== undefined) return undefined;
  try {
    return await LocalPool.start(poolPort, port);
  } catch (error) {
    throw portError(error, poolPort, 'DEMO_POOL_PORT');
  }
}
