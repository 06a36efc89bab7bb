// Sends mixed traffic to an application while the keys of its user pool are rotated.
//
//   npm run soak                     for a minute
//   SOAK_SECONDS=3600 npm run soak   for an hour
//
// Fails on any 5xx, any wrong decision, more fetches than the policy allows and growing memory.
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { LocalUserPoolServer } from 'nestjs-cognito-auth/testing';
import { KeyTimeline } from './key-timeline.js';
import { growthOf, memoryNow, shownMemory } from './memory.js';
import { SoakApi } from './soak.api.js';
import { Tally } from './tally.js';
import { Traffic } from './traffic.js';

// In bytes. A leak of one KB a request comes to more than that in a minute.
const MOST_GROWTH = { heap: 8 * 2 ** 20, resident: 128 * 2 ** 20 };
const LANES = 16;
// Scaled down, so that all rules about keys and all limits of the cache are at work all the time.
const KEYS = { maxAge: 500, cooldown: 250, timeout: 30_000 };
const TOKEN_CACHE = { maxEntries: 200 };

const seconds = Number(process.env['SOAK_SECONDS'] ?? 60);
if (!(seconds >= 1 && seconds <= 86_400)) throw new Error('SOAK_SECONDS must be from 1 to 86400');
const ROTATION = Math.min(5_000, (seconds * 1000) / 3);

const lastResort = setTimeout(giveUp, (seconds + 60) * 1000);
await soak();
clearTimeout(lastResort);

async function soak(): Promise<void> {
  const users = Array.from({ length: 50 }, (_, index) => ({ username: `user-${index}` }));
  const pool = await LocalUserPool.create({ users });
  const server = await pool.listen();
  const api = await SoakApi.start(server.options({ tokenCache: TOKEN_CACHE, keys: KEYS }));
  const timeline = new KeyTimeline(pool);
  const tally = new Tally();
  console.log(
    `${seconds} s, ${LANES} requests at a time, new keys every ${(ROTATION / 1000).toFixed(1)} s`,
  );

  const begin = performance.now();
  const end = begin + seconds * 1000;
  const traffic = new Traffic(pool, timeline);
  const lanes = Array.from({ length: LANES }, async () => {
    // oxlint-disable-next-line no-await-in-loop -- each lane sends one request after the other
    while (performance.now() < end) tally.add(await traffic.send(api));
  });
  const running = Promise.all([...lanes, rotateUntil(end, timeline)]);
  // By then the caches are full, and what is compiled is compiled.
  await Promise.race([running, sleep((seconds * 1000) / 4)]);
  const before = memoryNow();
  await running;
  const after = memoryNow();
  const elapsed = performance.now() - begin;
  await Promise.all([api.close(), server.close()]);

  console.log(tally.report(elapsed));
  console.log(`Rotations: ${timeline.rotations}`);
  if (tally.wrong > 0) fail(`${tally.wrong} answers are wrong`);
  judgeFetches(server, elapsed);
  console.log(`Memory at the start: ${shownMemory(before)}`);
  console.log(`Memory at the end:   ${shownMemory(after)}`);
  for (const problem of growthOf(before, after, MOST_GROWTH)) fail(problem);
  if (!process.exitCode) console.log('Passed');
}

async function rotateUntil(end: number, timeline: KeyTimeline): Promise<void> {
  while (performance.now() + ROTATION < end) {
    // oxlint-disable-next-line no-await-in-loop -- one rotation after the other
    await sleep(ROTATION);
    // oxlint-disable-next-line no-await-in-loop
    await timeline.rotate();
  }
}

/** One for the first token, one for each age of the set, and one for each search. */
function judgeFetches({ requests, jwksUri }: LocalUserPoolServer, elapsed: number): void {
  const fetches = requests[new URL(jwksUri).pathname] ?? 0;
  const most = Math.ceil(2 + elapsed / KEYS.maxAge + elapsed / KEYS.cooldown);
  console.log(`Fetches of the key set: ${fetches}, at most ${most}`);
  if (fetches > most) fail('the key set was fetched too often');
}

function fail(problem: string): void {
  console.error(`FAILED: ${problem}`);
  process.exitCode = 1;
}

function giveUp(): void {
  fail('the soak does not end');
  process.exit();
}
