/** How often each measurement is repeated, one round after the other. */
export const ROUNDS = knob('BENCH_ROUNDS', 3);

/** Seconds that one measurement over HTTP takes; those in process take a part of it. */
export const SECONDS = knob('BENCH_SECONDS', 1);

/** The connections of one stream of requests. */
export const CONNECTIONS = 16;

function knob(name: string, usual: number): number {
  const value = Number(process.env[name] ?? usual);
  if (Number.isInteger(value) && value >= 1 && value <= 600) return value;
  throw new Error(`${name} must be a whole number from 1 to 600`);
}
