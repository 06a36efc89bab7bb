/** Milliseconds by which the two clocks may come apart without anything having stood still. */
const TOLERANCE = 1_000;

let monotonic = performance.now();
let wall = Date.now();
let suspended = 0;

/**
 * Milliseconds of a clock that never goes back, and that runs on while the machine is suspended.
 *
 * The monotonic clock of Linux stands still then (clock_gettime(2)), and keys and remembered tokens
 * would live longer by that time; the wall clock may be set back. Setting it ahead counts as time,
 * too: that costs a fetch.
 */
export function monotonicNow(): number {
  const [monotonicBefore, wallBefore] = [monotonic, wall];
  monotonic = performance.now();
  wall = Date.now();
  const gap = wall - wallBefore - (monotonic - monotonicBefore);
  if (gap > TOLERANCE) suspended += gap;
  return monotonic + suspended;
}
