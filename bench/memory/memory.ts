import { run } from '../processes.js';
import type { Report } from '../report.js';
import { measureInRounds } from '../rounds.js';
import { medianOf } from '../statistics.js';
import type { BenchPool } from '../tokens/bench-pool.js';

const ENTRIES = 10_000;

const REMEMBERING = { name: 'remembers all', tokenCache: { maxEntries: ENTRIES } };
const FORGETFUL = { name: 'remembers none', tokenCache: false };

/** What one remembered token takes: a process that remembers them, less one that does not. */
export async function memory(pool: BenchPool, report: Report): Promise<void> {
  const { setup, tokens } = await pool.ofManyUsers(ENTRIES);
  const width = 2 + Math.max(...tokens.map(({ length }) => length));
  const file = await pool.write(
    'memory',
    // The end of the line is the last byte of its width.
    tokens.map((token) => token.padEnd(width - 1)),
  );
  const argument = { pool: setup, file, width, count: ENTRIES };
  const script = new URL('memory.process.js', import.meta.url);
  const bytes = await measureInRounds([REMEMBERING, FORGETFUL], ({ tokenCache }) =>
    run<number>(script, { ...argument, tokenCache }, ['--expose-gc']),
  );
  report.keep('bytes after 10,000 tokens', bytes);
  const taken = medianOf(bytes.of(REMEMBERING.name)) - medianOf(bytes.of(FORGETFUL.name));
  report.add(
    {
      name: 'memory of a remembered token, with 10,000 of them',
      value: taken / ENTRIES / 1024,
      unit: 'kilobytes',
      target: { atMost: 3 },
    },
    {
      name: 'length of these tokens',
      value: medianOf(tokens.map(({ length }) => length)) / 1024,
      unit: 'kilobytes',
    },
  );
}
