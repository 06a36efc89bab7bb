import { dropped, numbered, refused, refusedByNode } from '../attack.js';
import type { Attack } from '../attack.js';
import { authorization } from './carried.js';

const MISSING = refused('missing_token');
const MALFORMED = refused('malformed_request');

/** Long enough for its square to pass for a hang, short enough for that to end. */
const LONG = 200_000;
const ROOMY: Partial<Attack> = { maxHeaderSize: 1_000_000 };

/** Headers on which a careless expression takes the square of their length. */
export const longHeaders: readonly Attack[] = numbered('long', [
  ...authorization([MALFORMED, MISSING], { '15 KB without a space': () => 'A'.repeat(15_000) }),
  ...authorization(MALFORMED, {
    '15 KB of words': (token) => `Bearer ${token.slice(0, 10)} ${'A '.repeat(7_000)}`,
  }),
  ...authorization(
    [MALFORMED, MISSING],
    {
      '200 KB without a space': () => 'A'.repeat(LONG),
      '200 KB of spaces in quotes': () => `"${' '.repeat(LONG)}"`,
      '200 KB of tabs in quotes': () => `"${'\t'.repeat(LONG)}"`,
    },
    ROOMY,
  ),
  ...authorization(
    MALFORMED,
    {
      '200 KB of spaces behind the scheme': () => `Bearer${' '.repeat(LONG)}"`,
      '200 KB of tabs behind the scheme': () => `Bearer${'\t'.repeat(LONG)}x`,
      '200 KB of letters and a quote': () => `Bearer ${'A'.repeat(LONG)}"`,
      '200 KB of equals signs and a letter': () => `Bearer A${'='.repeat(LONG)}A`,
      '200 KB of schemes': () => 'Bearer '.repeat(LONG / 10),
      '200 KB of commas': () => `Bearer ${','.repeat(LONG)}`,
    },
    ROOMY,
  ),
  ...authorization(
    refused('malformed_token'),
    {
      '200 KB of letters': () => `Bearer ${'A'.repeat(LONG)}`,
      '200 KB of dots': () => `Bearer ${'.'.repeat(LONG)}`,
      '200 KB of equals signs': () => `Bearer A${'='.repeat(LONG)}`,
    },
    ROOMY,
  ),
  ...authorization([refusedByNode(431), dropped], {
    '500 KB, more than Node reads': () => `Bearer ${'A'.repeat(500_000)}`,
  }),
]);
