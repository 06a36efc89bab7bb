import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The demo as `nest start demo` builds and runs it, in a folder of its own. */
export interface BuiltDemo {
  /** Starts the demo with nothing but these variables in its environment. */
  start(variables?: Record<string, string>): DemoProcess;
  /** Prints the routes of the demo, as `npm run routes` does. */
  routes(variables?: Record<string, string>): DemoProcess;
  remove(): Promise<void>;
}

/** Builds the demo with the Nest CLI. */
export async function buildDemo(): Promise<BuiltDemo> {
  // The CLI builds only into the repository, and no tool looks in here.
  await mkdir(join(root, 'node_modules/.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, 'node_modules/.cache/demo-'));
  const tsconfig = join(folder, 'tsconfig.json');
  const compilerOptions = { outDir: join(folder, 'out'), rootDir: root };
  await writeFile(
    tsconfig,
    JSON.stringify({ extends: join(root, 'apps/demo/tsconfig.app.json'), compilerOptions }),
  );
  const nest = 'node_modules/@nestjs/cli/bin/nest.js';
  const build = new DemoProcess([nest, 'build', 'demo', '--path', relative(root, tsconfig)]);
  if ((await build.ended()) !== 0) throw new Error(`The build failed:\n${build.output}`);
  const source = join(folder, 'out/apps/demo/src');
  return {
    start: (variables) => new DemoProcess([join(source, 'main.js')], variables),
    routes: (variables) => new DemoProcess([join(source, 'routes.js')], variables),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** A process, and what it has written so far. */
export class DemoProcess {
  stdout = '';
  stderr = '';
  private readonly child;
  private readonly end: Promise<number | NodeJS.Signals>;

  constructor(args: string[], variables: Record<string, string> = {}) {
    const { PATH } = process.env;
    this.child = spawn(process.execPath, args, {
      cwd: root,
      env: { PATH, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.end = once(this.child, 'close').then(([code, signal]) => (code ?? signal) as number);
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Resolves with what the process has written once its banner is complete. */
  async banner(): Promise<string> {
    while (!this.stdout.endsWith('/docs\n\n')) {
      // oxlint-disable-next-line no-await-in-loop -- each round waits for more of the output
      const more = await Promise.race([once(this.child.stdout, 'data'), this.end]);
      if (!Array.isArray(more)) throw new Error(`The demo ended with ${more}:\n${this.output}`);
    }
    return this.stdout;
  }

  /** Resolves with the exit code, or with the signal that ended the process. */
  ended(): Promise<number | NodeJS.Signals> {
    return this.end;
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.end;
  }
}
