import { run } from '../processes.js';
import type { Report } from '../report.js';
import { measureInRounds } from '../rounds.js';
import { medianOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';

const EMPTY = { name: 'empty', isGuarded: false };
const GUARDED = { name: 'with the module', isGuarded: true };
// A boot takes half a second, and varies more than requests do.
const REPEATS = [0, 1, 2];

/** The milliseconds from before the first import to a server that listens, and what of it is ours. */
export async function boot(pool: BenchPool, report: Report): Promise<void> {
  const file = new URL('boot.process.js', import.meta.url);
  const measure = ({ isGuarded }: typeof EMPTY) =>
    run<number>(file, { isGuarded, pool: pool.tokens.setup });
  // Brings the files into the cache of the system.
  for (const app of [EMPTY, GUARDED]) await measure(app);
  const times = await measureInRounds(
    REPEATS.flatMap(() => [EMPTY, GUARDED]),
    measure,
  );
  report.keep('milliseconds of a boot', times);
  const empty = times.of(EMPTY.name);
  const added = times.of(GUARDED.name).map((time, index) => time - (empty[index] ?? NaN));
  report.add(
    { name: 'boot of an empty app', value: medianOf(empty), unit: 'milliseconds' },
    {
      name: "boot time that the module adds, with preload 'background'",
      value: medianOf(added),
      unit: 'milliseconds',
      target: { atMost: 50 },
    },
  );
}
