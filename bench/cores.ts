import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whose turn a core is: the server that is measured has one for itself. */
export const CORE = { load: 0, server: 1 } as const;

let pinned: boolean | undefined;

/** Whether processes get a core of their own: where there are two, and `taskset`. */
export function arePinned(): boolean {
  pinned ??= availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0;
  return pinned;
}

/** A command that runs on one core only, where that is possible. */
export function onCore(
  core: keyof typeof CORE,
  command: string,
  args: readonly string[],
): [command: string, args: readonly string[]] {
  if (!arePinned()) return [command, args];
  return ['taskset', ['--cpu-list', String(CORE[core]), command, ...args]];
}
