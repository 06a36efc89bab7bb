import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Assignment, Report } from './api.process.js';
import { document, endless, hangUp, held, padded, silence, status, zipBomb } from './scripts.js';
import { ADMITTED, eventually, KEYS_UNAVAILABLE, refusal, Stage } from './stage.js';
import { identity } from './tls-identity.js';
import { createUserPool, trusting, withKid } from './user-pool.js';

const pool = await createUserPool();
const keySet = document(() => pool.jwks());
const MEGABYTES = 2 ** 20;

/** Boots an application in a process of its own and sends it tokens. */
async function run(assignment: Assignment, environment = {}): Promise<Report> {
  return reportOf(start(assignment, environment));
}

function start(assignment: Assignment, environment = {}) {
  return promisify(execFile)(
    process.execPath,
    ['tools/run-typescript.mjs', 'test/faults/api.process.ts', JSON.stringify(assignment)],
    {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, ...environment },
      timeout: 100_000,
    },
  );
}

async function reportOf(running: Promise<{ stdout: string }>): Promise<Report> {
  const { stdout } = await running;
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Report;
}

describe.concurrent('A process', () => {
  it('with a fixed key set neither fetches keys nor loads jwks-rsa', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    // The issuer has a key endpoint that would answer.
    const served = await createUserPool(keys.issuer);
    const token = served.accessToken('alice');
    const options = { ...served.options(), keys: { preload: 'required', maxAge: 1 } } as const;
    const report = await run({ options, inTurn: [token, withKid(token, 'invented'), token] });

    expect(report.inTurn).toMatchObject([ADMITTED, refusal('unknown_key'), ADMITTED]);
    expect(report.loadsJwksRsa).toBe(false);
    expect(keys.requests).toBe(0);
  });

  it('that fetches keys loads jwks-rsa', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet);
    const options = trusting(pool, keys);
    const report = await run({ options, inTurn: [pool.accessToken('alice')] });

    expect(report.inTurn).toMatchObject([ADMITTED]);
    expect(report.loadsJwksRsa).toBe(true);
    expect(keys.requests).toBe(1);
  });

  it('fetches keys over HTTPS from whom NODE_EXTRA_CA_CERTS trusts', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(keySet, identity);
    const assignment = { options: trusting(pool, keys), inTurn: [pool.accessToken('alice')] };

    const trusted = await run(assignment, { NODE_EXTRA_CA_CERTS: identity.path });
    expect(trusted.inTurn).toMatchObject([ADMITTED]);
    expect(keys.requests).toBe(1);
  });

  it.for([
    ['silent', silence],
    ['broken', hangUp],
  ] as const)(
    'that is frozen during a fetch asks again, for those who wait: %s',
    async ([, meanwhile], { onTestFinished }) => {
      const stage = new Stage(onTestFinished);
      const answer = held(meanwhile);
      const keys = await stage.keys(answer.script);
      const options = trusting(pool, keys, { timeout: 1_500 });
      const running = start({ options, inTurn: [pool.accessToken('alice')] });
      const report = reportOf(running);
      await eventually(() => expect(keys.openAnswers).toBe(1));
      running.child.kill('SIGSTOP');
      answer.release();
      // Frozen past the deadline of the fetch.
      await setTimeout(3_000);
      keys.script = keySet;
      running.child.kill('SIGCONT');

      expect((await report).inTurn).toMatchObject([ADMITTED]);
      expect(keys.requests).toBe(2);
    },
  );

  it('that is frozen during each of two fetches asks a third time', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const keys = await stage.keys(silence);
    const options = trusting(pool, keys, { timeout: 1_500 });
    const running = start({ options, inTurn: [pool.accessToken('alice')] });
    const report = reportOf(running);
    for (const requests of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await eventually(() => expect(keys.requests).toBe(requests));
      running.child.kill('SIGSTOP');
      // oxlint-disable-next-line no-await-in-loop
      await setTimeout(3_000);
      if (requests === 2) keys.script = keySet;
      running.child.kill('SIGCONT');
    }

    expect((await report).inTurn).toMatchObject([ADMITTED]);
    expect(keys.requests).toBe(3);
  });

  it('does not grow with what an endpoint sends', async ({ onTestFinished }) => {
    const stage = new Stage(onTestFinished);
    const scripts = [
      status(500, () => pool.jwks()),
      padded(() => pool.jwks(), 10 * MEGABYTES),
      endless,
      zipBomb,
      silence,
    ];
    const servers = await Promise.all(scripts.map((script) => stage.keys(script)));
    const userPools = servers.map(({ issuer, uri }, index) => ({
      name: `pool ${index}`,
      userPoolId: pool.userPoolId,
      clientId: pool.clientId,
      issuer,
      jwksUri: uri,
    }));
    const [first = '', ...others] = servers.map(({ issuer }) =>
      pool.accessToken('alice', { claims: { iss: issuer } }),
    );
    const options = { userPools, keys: { preload: 'lazy' } } as const;
    const report = await run({ options, inTurn: [first], atOnce: others });

    expect([...report.inTurn, ...report.atOnce]).toEqual(scripts.map(() => KEYS_UNAVAILABLE));
    expect(servers.map(({ requests }) => requests)).toEqual(scripts.map(() => 1));
    expect(report.growth).toBeLessThan(64 * 1024);
  });
});
