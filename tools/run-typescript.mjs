// Runs a TypeScript file of this repository from its sources, in this process:
//
//   node tools/run-typescript.mjs <file> [argument...]
//
// Node has no decorators and does not know the path aliases, so Vite bundles the file first, with
// what it imports from here and without the packages. It takes the configuration of the tests.
import { mkdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = process.argv[2];
if (!file) throw new Error('Which file? node tools/run-typescript.mjs <file> [argument...]');

// Below node_modules, where the bundle finds the packages.
const folder = join(root, 'node_modules/.cache/run-typescript', String(process.pid));
await mkdir(folder, { recursive: true });
try {
  await import(await bundle(resolve(file), folder));
} finally {
  await rm(folder, { recursive: true, force: true });
}

/**
 * @param {string} source
 * @param {string} outDir
 * @returns {Promise<string>} the address of the bundle
 */
async function bundle(source, outDir) {
  const environment = process.env['NODE_ENV'];
  await build({
    root,
    configFile: join(root, 'vitest.config.ts'),
    logLevel: 'warn',
    build: { ssr: source, outDir, target: 'node20', minify: false, sourcemap: 'inline' },
  });
  // Vite makes it "production", which is not for a tool to say.
  if (environment === undefined) delete process.env['NODE_ENV'];
  return pathToFileURL(join(outDir, basename(source).replace(/ts$/, 'js'))).href;
}
