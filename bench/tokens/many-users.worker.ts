import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { POOL, SCOPES, USER } from './cognito.js';
import type { Signed } from './many-users.js';

const { prefix, count } = workerData as { prefix: string; count: number };
const { clientId, ...pool } = POOL;

const users = await LocalUserPool.create({ ...pool, clients: [{ clientId }], users: [USER] });
const tokens = Array.from({ length: count }, (_, index) =>
  users.accessToken(USER.username, {
    scopes: SCOPES,
    claims: { sub: randomUUID(), username: `${prefix}-${index}` },
  }),
);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
parentPort?.postMessage({ tokens, keys: users.jwks().keys } satisfies Signed);
