import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The path aliases of tsconfig.json.
  resolve: { tsconfigPaths: true },
  // Nest needs legacy decorators with their metadata, wherever a file lies.
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
  test: {
    environment: 'node',
    pool: 'forks',
    // Loading Nest anew for each of a hundred files takes longer than the tests in them.
    isolate: false,
    include: ['libs/**/*.spec.ts', 'apps/**/*.spec.ts', 'test/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'test/fixtures/**', 'test/browser/**'],
    // No test waits for time to pass; the room is for busy machines.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      enabled: Boolean(process.env['COVERAGE']),
      provider: 'v8',
      include: ['libs/*/src/**/*.ts'],
      exclude: ['**/*.spec.ts'],
      reporter: ['text', 'lcov'],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
