import { afterAll, beforeAll, describe, vi } from 'vitest';
import { describeAttacks } from './describe-attacks.js';
import { times, timesBetweenSeconds } from './tables/times.js';

describe.each([
  ['2026-11-20T12:00:00.000Z', times],
  ['2026-11-20T12:00:00.900Z', timesBetweenSeconds],
])('At %s', (now, attacks) => {
  beforeAll(() => {
    // Only what the clock says: everything else goes on as usual.
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
  });

  afterAll(() => {
    vi.useRealTimers();
  });

  describeAttacks({ Times: attacks });
});
