import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import type { LocalUserPoolServer, LocalUserPoolServerOptions } from 'nestjs-cognito-auth/testing';
import type { Adapter } from '../support/app.js';
import { HostedApp } from './hosted-app.js';

/** What the process is told, in its first argument. */
export interface Assignment {
  readonly adapter: Adapter;
  /** Each gets an application of its own. */
  readonly clientIds: readonly string[];
  readonly options: LocalUserPoolServerOptions;
  /** The address of the hosted pages. */
  readonly domain: string;
  /** The address of the Redis server. */
  readonly redis: string;
}

const { adapter, clientIds, options, domain, redis } = JSON.parse(
  process.argv[3] ?? '',
) as Assignment;
const server = { domain, options: (more: object) => ({ ...options, ...more }) };
const places = clientIds.map(async (clientId) => {
  const store = new Keyv(new KeyvRedis(redis));
  const hosted = await HostedApp.start(adapter, server as LocalUserPoolServer, {
    hostedUi: { clientId, store, timeout: 1_500 },
  });
  return hosted.place;
});
process.on('disconnect', () => process.exit());
process.send?.(await Promise.all(places));
