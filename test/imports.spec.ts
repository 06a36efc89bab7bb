import { describe, expect, it } from 'vitest';
import { readSources, violationsIn } from '../tools/check-imports.mjs';

const src = 'libs/cognito-auth/src';
const importing = (file: string, specifier: string): string[] =>
  violationsIn({ [file]: `import { something } from '${specifier}';` });

describe('The direction of imports', () => {
  it('is kept by every file of this repository', () => {
    const sources = readSources();

    expect(Object.keys(sources)).toContain(`${src}/index.ts`);
    expect(violationsIn(sources)).toEqual([]);
  });

  it.each([
    ['down the layers', `${src}/access/cognito.guard.ts`, '../token/claims.js'],
    ['within a folder', `${src}/token/claims.ts`, './principal.js'],
    ['a package', `${src}/keys/signing-keys.ts`, 'node:crypto'],
    ['an entry point on the public API', `${src}/swagger/index.ts`, '../index.js'],
    ['the testing kit on the pure layer', `${src}/testing/index.ts`, '../token/claims.js'],
    ['a spec of the library on the testing kit', `${src}/token/a.spec.ts`, '../testing/index.js'],
    ['a spec of the library by name', `${src}/token/a.spec.ts`, 'nestjs-cognito-auth/testing'],
    ['the demo by the public name', 'apps/demo/src/main.ts', 'nestjs-cognito-auth/swagger'],
    ['a test on a tool', 'test/a.spec.ts', '../tools/check-imports.mjs'],
  ])('allows %s', (_what, file, specifier) => {
    expect(importing(file, specifier)).toEqual([]);
  });

  it.each([
    ['up the layers', `${src}/token/claims.ts`, '../access/cognito.guard.js'],
    [
      'up from a folder to a root file',
      `${src}/keys/signing-keys.ts`,
      '../cognito-auth.options.js',
    ],
    ['sideways', `${src}/keys/signing-keys.ts`, '../transport/request.js'],
    ['of an entry point by the library', `${src}/index.ts`, './testing/index.js'],
    ['of an entry point by another one', `${src}/swagger/index.ts`, '../testing/index.js'],
    ['past the public API by an entry point', `${src}/swagger/index.ts`, '../access/rules.js'],
    ['of its own name by the library', `${src}/swagger/index.ts`, 'nestjs-cognito-auth'],
    ['out of the library', `${src}/token/claims.ts`, '../../../../apps/demo/src/main.js'],
    ['out of the library by a spec', `${src}/token/a.spec.ts`, '../../../../test/app.js'],
    [
      'of library files by the demo',
      'apps/demo/src/main.ts',
      '../../../libs/cognito-auth/src/index.js',
    ],
    ['of a private path by its name', 'test/a.spec.ts', 'nestjs-cognito-auth/token'],
  ])('refuses an import %s', (_what, file, specifier) => {
    expect(importing(file, specifier)).toEqual([
      expect.stringContaining(`${file} imports "${specifier}": `),
    ]);
  });

  it.each([
    `export { something } from '../access/rules.js';`,
    `import type { Something } from '../access/rules.js';`,
    `const something = await import('../access/rules.js');`,
    `type Something = import('../access/rules.js').Something;`,
  ])('sees %s', (text) => {
    expect(violationsIn({ [`${src}/token/claims.ts`]: text })).toHaveLength(1);
  });

  it.each([
    [`${src}/token/utils/text.ts`, 'named after what it is about'],
    ['apps/demo/src/common/filters.ts', 'named after what it is about'],
    [`${src}/sessions/session.ts`, '"sessions/" has no place in the layers'],
    [`${src}/constants.ts`, '"constants.ts" has no place in the layers'],
  ])('refuses the file %s', (file, reason) => {
    expect(violationsIn({ [file]: '' })).toEqual([expect.stringContaining(reason)]);
  });
});
