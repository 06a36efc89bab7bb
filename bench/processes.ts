import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCore } from './cores.js';

/** A process of this bench that has answered. */
export interface Started<Answer> {
  readonly answer: Answer;
  stop(): Promise<void>;
}

// While a server waits for its turn, V8 would shrink its heap: when the turn comes it had to collect
// garbage five times as often, and would take up to a third longer for the rest of the bench.
const AWAKE = '--no-memory-reducer';

/** Starts a file in a process of its own, in production and on the core of servers. */
export async function start<Answer>(
  file: URL,
  argument: unknown,
  flags: readonly string[] = [],
): Promise<Started<Answer>> {
  const args = [AWAKE, ...flags, fileURLToPath(file), JSON.stringify(argument)];
  const child = spawn(...onCore('server', process.execPath, args), {
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const answer = await firstMessageOf<Answer>(child, file);
  return { answer, stop: () => stop(child) };
}

/** Runs a file until it has answered. */
export async function run<Answer>(
  file: URL,
  argument: unknown,
  flags?: readonly string[],
): Promise<Answer> {
  const started = await start<Answer>(file, argument, flags);
  await started.stop();
  return started.answer;
}

/** For the other side: what it was started with. */
export function startArgument(): unknown {
  // The bench is gone: nobody waits for an answer any more.
  process.once('disconnect', () => process.exit());
  return JSON.parse(process.argv[2] ?? '');
}

/** For the other side: answers whoever started it. */
export function reply(value: unknown): void {
  process.send?.(value);
}

function firstMessageOf<Answer>(child: ChildProcess, file: URL): Promise<Answer> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Answer));
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${file.pathname} ended without an answer`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
