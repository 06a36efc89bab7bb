import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { Findings } from './optional-peers.process.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const manifest = readFileSync(`${root}libs/cognito-auth/package.json`, 'utf8');
const { peerDependenciesMeta } = JSON.parse(manifest) as { peerDependenciesMeta: object };
const PEERS = Object.keys(peerDependenciesMeta);

/** Makes a process find none of these packages, nor anything in them. */
function withoutPackages(names: readonly string[]): string[] {
  const hooks = `
    const names = ${JSON.stringify(names)};
    export function resolve(specifier, context, next) {
      if (!names.some((name) => (specifier + '/').startsWith(name + '/'))) return next(specifier, context);
      const error = new Error("Cannot find package '" + specifier + "'");
      throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
    }`;
  const registration = `
    import { register } from 'node:module';
    register(${JSON.stringify(asModule(hooks))});`;
  return ['--import', asModule(registration)];
}

function asModule(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

it('protects an application that has none of the optional peers', async () => {
  expect(PEERS).toContain('@nestjs/microservices');
  const file = 'test/optional-peers.process.ts';
  const child = fork('tools/run-typescript.mjs', [file, ...PEERS], {
    cwd: root,
    execArgv: withoutPackages(PEERS),
  });
  const ended = once(child, 'exit');
  const failed = ended.then(([code]) => {
    throw new Error(`the process ended with ${code}`);
  });
  const [findings] = (await Promise.race([once(child, 'message'), failed])) as [Findings];
  failed.catch(() => undefined);
  expect(findings).toEqual({ statuses: [200, 401], loadable: [] });
  await ended;
});
