// Holds the direction of imports: down the layers of the library and never sideways.
//
//   node tools/check-imports.mjs        lists every violation, and fails if there is one
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const PACKAGE = 'nestjs-cognito-auth';
const LIBRARY = 'libs/cognito-auth/src/';

// Lowest first. What shares a line are siblings.
const LAYERS = [
  ['cognito-auth.errors.ts', 'clock.ts', 'deadline.ts', 'faults/', 'http/'],
  ['token/'],
  ['keys/', 'transport/', 'revocation/'],
  ['cognito-auth.options.ts'],
  ['cognito-auth.resolved-options.ts'],
  ['strategy/'],
  ['access/'],
  ['cognito-auth.service.ts'],
  ['cognito-auth.module-definition.ts', 'cognito-auth.middleware.ts'],
  ['cognito-auth.module.ts'],
  ['index.ts'],
];

// What an entry point may import besides its own folder.
const ENTRY_POINTS = new Map([
  ['swagger/', ['index.ts']],
  ['testing/', ['index.ts', 'token/']],
  ['health/', ['index.ts']],
  ['websockets/', ['index.ts', 'faults/']],
  ['hosted-ui/', ['index.ts', 'faults/', 'http/']],
]);

const PUBLIC_NAMES = [
  PACKAGE,
  ...[...ENTRY_POINTS.keys()].map((entry) => `${PACKAGE}/${entry.slice(0, -1)}`),
];

/**
 * Lists everything that breaks the layering, one sentence each.
 *
 * @param {Record<string, string>} sources contents by path from the root of the repository
 * @returns {string[]}
 */
export function violationsIn(sources) {
  return Object.entries(sources).flatMap(([file, text]) =>
    placeViolations(file).concat(importViolations(file, text)),
  );
}

/**
 * Reads every source file of the repository.
 *
 * @returns {Record<string, string>}
 */
export function readSources() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const folders = ['libs', 'apps', 'test', 'bench', 'tools'].filter((folder) =>
    existsSync(join(root, folder)),
  );
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file.split(sep).join('/')}`)
      .filter((file) => /\.[cm]?[jt]s$/.test(file) && !/\/(node_modules|dist)\//.test(file)),
  );
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

/** @param {string} file */
function placeViolations(file) {
  const reasons = [];
  if (/\/(utils|common|helpers)\//.test(file)) {
    reasons.push(`${file}: a folder is named after what it is about`);
  }
  if (file.startsWith(LIBRARY) && !isSpec(file) && !hasPlace(unitOf(file))) {
    reasons.push(
      `${file}: "${unitOf(file)}" has no place in the layers of tools/check-imports.mjs`,
    );
  }
  return reasons;
}

/**
 * @param {string} file
 * @param {string} text
 */
function importViolations(file, text) {
  return importsOf(text).flatMap((specifier) => {
    const reason = file.startsWith(LIBRARY)
      ? reasonAgainstInLibrary(file, specifier)
      : reasonAgainstOutside(file, specifier);
    return reason ? [`${file} imports "${specifier}": ${reason}`] : [];
  });
}

/** @param {string} text */
function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function reasonAgainstInLibrary(file, specifier) {
  if (isPublicName(specifier)) {
    return isSpec(file) ? undefined : 'the library imports itself by relative paths';
  }
  if (!specifier.startsWith('.')) return undefined;
  const target = resolved(file, specifier);
  if (!target.startsWith(LIBRARY)) return 'a relative import may not leave the library';
  if (isSpec(file)) return undefined;
  return reasonAgainstUnit(unitOf(file), unitOf(target));
}

/**
 * @param {string} from
 * @param {string} to
 */
function reasonAgainstUnit(from, to) {
  // A file without a place is told so once, not at each of its imports.
  if (from === to || !hasPlace(from)) return undefined;
  const allowed = ENTRY_POINTS.get(from);
  if (allowed) {
    return allowed.includes(to) ? undefined : `${from} may import only ${allowed.join(', ')}`;
  }
  if (ENTRY_POINTS.has(to)) return 'nothing imports an entry point';
  return layerOf(to) < layerOf(from) ? undefined : `${to} does not lie below ${from}`;
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function reasonAgainstOutside(file, specifier) {
  const isLibrary = specifier.startsWith('.')
    ? `${resolved(file, specifier)}/`.startsWith(LIBRARY)
    : isPublicName(specifier);
  if (!isLibrary || PUBLIC_NAMES.includes(specifier)) return undefined;
  return `outside the library, import it as ${PUBLIC_NAMES.join(', ')}`;
}

/** @param {string} specifier */
function isPublicName(specifier) {
  return specifier === PACKAGE || specifier.startsWith(`${PACKAGE}/`);
}

/** @param {string} file */
function isSpec(file) {
  return /\.(spec|test-d)\.ts$/.test(file);
}

/**
 * @param {string} file
 * @param {string} specifier
 */
function resolved(file, specifier) {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts');
}

/**
 * The folder that a file of the library lies in, or the file itself if it lies in none.
 *
 * @param {string} file
 */
function unitOf(file) {
  const path = file.slice(LIBRARY.length);
  return path.slice(0, path.indexOf('/') + 1) || path;
}

/** @param {string} unit */
function hasPlace(unit) {
  return layerOf(unit) >= 0 || ENTRY_POINTS.has(unit);
}

/** @param {string} unit */
function layerOf(unit) {
  return LAYERS.findIndex((layer) => layer.includes(unit));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const violations = violationsIn(readSources());
  for (const violation of violations) console.error(violation);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
