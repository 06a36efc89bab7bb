// Compares the library with its peers, and with what a route costs without any guard.
//
//   npm run bench                    everything, in less than five minutes
//   npm run bench -- http boot       some parts: http, sessions, guards, flood, in-process, scaling,
//                                    memory, boot
//   BENCH_ROUNDS=7 BENCH_SECONDS=3 npm run bench      longer, and steadier
//
// Prints a table, and writes it with all samples to bench/dist/results.json.
import { BenchPool } from './tokens/bench-pool.js';
import { boot } from './boot/boot.js';
import { flood } from './flood/flood.js';
import { guards } from './guards/guards.js';
import { http } from './http/http.js';
import { inProcess } from './in-process/in-process.js';
import { scaling } from './in-process/scaling.js';
import { memory } from './memory/memory.js';
import { Report } from './report.js';
import { sessions } from './sessions/sessions.js';

const PARTS = { http, sessions, guards, flood, 'in-process': inProcess, scaling, memory, boot };

const wanted = process.argv.slice(2);
const unknown = wanted.find((part) => !(part in PARTS));
if (unknown !== undefined) {
  throw new Error(`There is no part "${unknown}"; there are ${Object.keys(PARTS).join(', ')}`);
}

const report = new Report();
const pool = await BenchPool.create();
try {
  for (const [name, part] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    report.begin(name);
    await part(pool, report);
  }
} finally {
  await pool.close();
}
await report.finish();
