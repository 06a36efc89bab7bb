import { defineConfig, mergeConfig } from 'vitest/config';
import base from '../../vitest.config.js';
import { CHROMIUM, isInstalled } from './chromium.js';

if (!isInstalled()) {
  console.warn(`The browser specs are skipped: there is no ${CHROMIUM} (CHROMIUM names another).`);
}

const config = mergeConfig(base, {
  test: {
    // One browser at a time.
    fileParallelism: false,
    coverage: { enabled: false },
  },
});
// Merging would add to these lists.
config.test.include = ['test/browser/**/*.browser.spec.ts'];
config.test.exclude = ['**/node_modules/**'];

export default defineConfig(config);
