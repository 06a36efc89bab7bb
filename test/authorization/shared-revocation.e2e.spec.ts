import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REDIS_PROGRAM, RedisServer } from './redis.server.js';
import type { Assignment } from './shared-revocation.process.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An application in a process of its own, which knows Redis by its address only. */
class ApiProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly url: string,
  ) {}

  static async start(assignment: Assignment): Promise<ApiProcess> {
    const file = 'test/authorization/shared-revocation.process.ts';
    const child = fork('tools/run-typescript.mjs', [file, JSON.stringify(assignment)], {
      cwd: root,
    });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the process ended with ${code}`);
    });
    const [url] = (await Promise.race([once(child, 'message'), ended])) as [string];
    ended.catch(() => undefined);
    return new ApiProcess(child, url);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  me(token: string) {
    return answerTo(request(this.url).get('/me').auth(token, { type: 'bearer' }));
  }

  verified(token: string) {
    return answerTo(request(this.url).get('/verified').set('x-token', token));
  }

  endSession(token: string) {
    return answerTo(request(this.url).delete('/session').auth(token, { type: 'bearer' }));
  }

  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const end = once(this.child, 'exit');
    this.child.kill();
    await end;
  }
}

async function answerTo(call: request.Test) {
  const { status, body, headers } = await call;
  const { code, username } = body as { code?: string; username?: string };
  return { status, code: code ?? username, retryAfter: headers['retry-after'] as unknown };
}

const ALICE = { status: 200, code: 'alice' };
const REVOKED = { status: 401, code: 'token_revoked' };
const UNAVAILABLE = { status: 503, code: 'hook_failed', retryAfter: '1' };

const note = REDIS_PROGRAM ? '' : ' (skipped: there is no redis-server on this machine)';

// One story: the order of the tests matters.
describe.skipIf(!REDIS_PROGRAM)(`Revocations in Redis, shared by two processes${note}`, () => {
  let pool: LocalUserPool;
  let redis: RedisServer;
  let one: ApiProcess;
  let other: ApiProcess;
  /** A token of a session that is not revoked. */
  let token: string;
  /** Tokens of the session that is revoked. */
  let revoked: string[];

  beforeAll(async () => {
    pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
    redis = await RedisServer.create();
    const assignment = { options: pool.options(), redis: redis.url };
    [one, other] = await Promise.all([
      ApiProcess.start({ adapter: 'express', ...assignment }),
      ApiProcess.start({ adapter: 'fastify', ...assignment }),
    ]);
    token = pool.accessToken('alice');
    const session = { originJti: 'laptop' };
    revoked = [pool.accessToken('alice', session), pool.accessToken('alice', session)];
  });

  afterAll(async () => {
    await Promise.all([one, other].map((api) => api?.stop()));
    await redis?.remove();
  });

  /** What both processes say about a token, to the guard and to the service. */
  async function answersTo(sent: string) {
    const answers = [one, other].flatMap((api) => [api.me(sent), api.verified(sent)]);
    return Promise.all(answers);
  }

  const four = (answer: object) => Array(4).fill(expect.objectContaining(answer)) as object[];

  it('admit nobody while Redis is not there', async () => {
    expect(await one.me(token)).toMatchObject(UNAVAILABLE);
    expect(await other.me(token)).toMatchObject(UNAVAILABLE);
    expect(await one.verified(token)).toMatchObject({ status: 503, code: 'hook_failed' });
  });

  it('admit who is not revoked once Redis is there', async () => {
    await redis.start();
    await expect.poll(() => answersTo(token), { timeout: 20_000 }).toEqual(four(ALICE));
    for (const sent of revoked) expect(await answersTo(sent)).toEqual(four(ALICE));
  });

  it('refuse a session in one process from the next request on when another revoked it', async () => {
    expect(await one.endSession(revoked[0] ?? '')).toMatchObject({ status: 200 });
    expect(await other.me(revoked[0] ?? '')).toMatchObject(REVOKED);
    for (const sent of revoked) expect(await answersTo(sent)).toEqual(four(REVOKED));
    expect(await answersTo(token)).toEqual(four(ALICE));
  });

  it('admit nobody while Redis hangs, and go on when it answers again', async () => {
    redis.freeze();
    expect(await one.me(token)).toMatchObject(UNAVAILABLE);
    expect(await other.me(revoked[0] ?? '')).toMatchObject(UNAVAILABLE);
    redis.thaw();
    await expect.poll(() => answersTo(token), { timeout: 20_000 }).toEqual(four(ALICE));
    expect(await answersTo(revoked[0] ?? '')).toEqual(four(REVOKED));
  });

  it('admit nobody while Redis is stopped', async () => {
    await redis.stop();
    expect(await one.me(token)).toMatchObject(UNAVAILABLE);
    expect(await other.me(revoked[0] ?? '')).toMatchObject(UNAVAILABLE);
    expect(await other.endSession(token)).toMatchObject(UNAVAILABLE);
    expect(await Promise.all(Array.from({ length: 20 }, () => one.me(token)))).toEqual(
      Array(20).fill(expect.objectContaining(UNAVAILABLE)),
    );
    expect(one.isRunning && other.isRunning).toBe(true);
  });

  it('go on when Redis is back, and remember what it persisted', async () => {
    await redis.start();
    await expect.poll(() => answersTo(token), { timeout: 20_000 }).toEqual(four(ALICE));
    for (const sent of revoked) expect(await answersTo(sent)).toEqual(four(REVOKED));
  });
});
