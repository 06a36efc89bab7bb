import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that are in use. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use once the garbage is collected. */
export function memoryNow(): Memory {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

/** One sentence for each kind of memory that grew by more than its limit. */
export function growthOf(before: Memory, after: Memory, limits: Memory): string[] {
  return (['heap', 'resident'] as const).flatMap((kind) => {
    const growth = after[kind] - before[kind];
    if (growth <= limits[kind]) return [];
    return [`${kind} memory grew by ${megabytes(growth)}, more than ${megabytes(limits[kind])}`];
  });
}

/** For people. */
export function shownMemory({ heap, resident }: Memory): string {
  return `heap ${megabytes(heap)}, resident ${megabytes(resident)}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}
