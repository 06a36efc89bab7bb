import { dropped, numbered, refused, refusedByNode } from '../attack.js';
import type { Attack } from '../attack.js';
import { authorization } from './carried.js';

const MISSING = refused('missing_token');
const MALFORMED = refused('malformed_request');

const MB = 1_000_000;
const ROOMY: Partial<Attack> = { maxHeaderSize: 4 * MB };

/** Headers on which a careless expression takes the square of their length. */
export const longHeaders: readonly Attack[] = numbered('long', [
  ...authorization([MALFORMED, MISSING], { '15 KB without a space': () => 'A'.repeat(15_000) }),
  ...authorization(MALFORMED, {
    '15 KB of words': (token) => `Bearer ${token.slice(0, 10)} ${'A '.repeat(7_000)}`,
  }),
  ...authorization(
    [MALFORMED, MISSING],
    {
      '1 MB without a space': () => 'A'.repeat(MB),
      '1 MB of spaces in quotes': () => `"${' '.repeat(MB)}"`,
      '1 MB of tabs in quotes': () => `"${'\t'.repeat(MB)}"`,
    },
    ROOMY,
  ),
  ...authorization(
    MALFORMED,
    {
      '1 MB of spaces behind the scheme': () => `Bearer${' '.repeat(MB)}"`,
      '1 MB of tabs behind the scheme': () => `Bearer${'\t'.repeat(MB)}x`,
      '1 MB of letters and a quote': () => `Bearer ${'A'.repeat(MB)}"`,
      '1 MB of equals signs and a letter': () => `Bearer A${'='.repeat(MB)}A`,
      '1 MB of schemes': () => 'Bearer '.repeat(MB / 10),
      '1 MB of commas': () => `Bearer ${','.repeat(MB)}`,
    },
    ROOMY,
  ),
  ...authorization(
    refused('malformed_token'),
    {
      '1 MB of letters': () => `Bearer ${'A'.repeat(MB)}`,
      '1 MB of dots': () => `Bearer ${'.'.repeat(MB)}`,
      '1 MB of equals signs': () => `Bearer A${'='.repeat(MB)}`,
    },
    ROOMY,
  ),
  ...authorization([refusedByNode(431), dropped], {
    '500 KB, more than Node reads': () => `Bearer ${'A'.repeat(500_000)}`,
  }),
]);
