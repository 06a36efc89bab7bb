import { run } from '../processes.js';
import type { Report } from '../report.js';
import { Samples } from '../rounds.js';
import { ratioOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';
import type { ScalingStep } from './scaling.process.js';

const USERS = [1, 10, 100, 1_000, 10_000, 100_000];
const CACHES = [1_000, 5_000, 9_000];

const STEPS: readonly ScalingStep[] = [
  ...USERS.map((users) => ({
    name: `${inWords(users)} ${users === 1 ? 'user' : 'users'} in a cache for 100,000`,
    users,
    maxEntries: 100_000,
  })),
  ...CACHES.map((maxEntries) => ({
    name: `10,000 users in a cache for ${inWords(maxEntries)}`,
    users: 10_000,
    maxEntries,
  })),
];

/** How the time for one token grows with the number of users, and with a cache that is too small. */
export async function scaling(pool: BenchPool, report: Report): Promise<void> {
  const tokens = await pool.write('many-users.json', [
    JSON.stringify(await pool.ofManyUsers(Math.max(...USERS))),
  ]);
  const times = Samples.from(
    await run(new URL('scaling.process.js', import.meta.url), { tokens, steps: STEPS }),
  );
  report.keep('microseconds a token, many users', times);
  const [single] = STEPS;
  for (const { name } of STEPS) {
    report.add({
      name: `CognitoAuthService.verify, ${name}, time as a multiple of 1 user`,
      value: ratioOf(times.of(name), times.of(single?.name ?? '')),
      unit: 'times',
    });
  }
}

function inWords(count: number): string {
  return count.toLocaleString('en');
}
