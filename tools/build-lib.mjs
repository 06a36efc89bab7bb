// Builds the published package, once as ES modules and once as CommonJS.
//
//   node tools/build-lib.mjs            into libs/cognito-auth, ready for `npm publish` there
//   node tools/build-lib.mjs <folder>   a whole package into another folder
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const library = join(root, 'libs/cognito-auth');
const folder = resolve(process.argv[2] ?? library);

await rm(join(folder, 'dist'), { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await Promise.all([compile('tsconfig.lib.json', 'esm'), compile('tsconfig.cjs.json', 'cjs')]);
await bundle();
// The package is a module; this marks its second copy as CommonJS.
await writeFile(join(folder, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
await Promise.all(
  ['LICENSE', 'CHANGELOG.md'].map((name) => cp(join(root, name), join(folder, name))),
);
if (folder !== library) {
  await Promise.all(
    ['package.json', 'README.md'].map((name) => cp(join(library, name), join(folder, name))),
  );
}

/**
 * @param {string} project
 * @param {string} format
 */
async function compile(project, format) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const args = [tsc, '-p', join(library, project), '--outDir', join(folder, 'dist', format)];
  const [code] = await once(
    spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }),
    'close',
  );
  if (code !== 0) process.exit(1);
}

/**
 * Puts the compiled modules into a few files of each format: to load each module by itself would
 * take an application 30 ms more to start. What entry points share they still share.
 */
async function bundle() {
  const modules = join(folder, 'dist/esm');
  const { exports } = JSON.parse(await readFile(join(library, 'package.json'), 'utf8'));
  /** @type {string[]} */
  const entries = Object.values(exports).flatMap((entry) => entry.import?.default ?? []);
  const names = entries.map((file) => file.replace('./dist/esm/', '').replace(/\.js$/, ''));
  const bundled = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(modules, `${name}.js`)])),
    // The dependencies and Node.js itself.
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    platform: 'node',
    treeshake: false,
  });
  const [esm, cjs] = await Promise.all([chunksOf(bundled, 'esm'), chunksOf(bundled, 'cjs')]);
  const files = await readdir(modules, { recursive: true });
  const replaced = files.filter((file) => /\.js(\.map)?$/.test(file));
  await Promise.all(replaced.map((file) => rm(join(modules, file))));
  await write(modules, esm);
  await write(
    join(folder, 'dist/cjs'),
    cjs.map(({ fileName, code }) => ({ fileName, code: withRequire(code) })),
  );
}

/**
 * @param {import('rolldown').RolldownBuild} bundled
 * @param {'esm' | 'cjs'} format
 */
async function chunksOf(bundled, format) {
  const { output } = await bundled.generate({
    format,
    keepNames: true,
    chunkFileNames: 'chunks/[name].js',
  });
  return output.filter((file) => file.type === 'chunk');
}

/**
 * Makes `require()` of every `import()` in CommonJS, but for packages that are ES modules only: Node
 * cannot require those everywhere. The others it must, because Jest has no `import()`, and because
 * an exception of Nest has to be of the class that the application has loaded.
 *
 * @param {string} code
 */
function withRequire(code) {
  return code.replace(/\bimport\((?="(?!(?:openid-client|iron-webcrypto)"))/g, 'require(');
}

/**
 * @param {string} modules
 * @param {{ fileName: string; code: string }[]} chunks
 */
async function write(modules, chunks) {
  await mkdir(join(modules, 'chunks'), { recursive: true });
  await Promise.all(chunks.map(({ fileName, code }) => writeFile(join(modules, fileName), code)));
}
