import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const fixtures = join(root, 'test/fixtures');
const NPM_INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund'];

/** Node as AWS Lambda starts it: `require()` of ES modules is off. */
export const WITHOUT_REQUIRE_MODULE = ['--no-experimental-require-module'];

/** Builds the package beside the repository, so that its own build stays as it is. */
export async function pack(folder: string): Promise<string> {
  await run(root, process.execPath, 'tools/build-lib.mjs', folder);
  const [packed] = JSON.parse(await run(folder, 'npm', 'pack', '--json')) as { filename: string }[];
  if (!packed) throw new Error('npm pack made no tarball');
  return join(folder, packed.filename);
}

/** An application in a folder of its own, which has the packed library from a package manager. */
export class PackedApp {
  constructor(readonly folder: string) {}

  /**
   * Installs packages into a copy of a fixture. Scenarios, from further fixtures, are put beside its
   * own sources.
   */
  static async install(
    folder: string,
    [fixture = '', ...scenarios]: readonly string[],
    packages: readonly string[],
  ): Promise<PackedApp> {
    await cp(join(fixtures, fixture), folder, { recursive: true });
    for (const from of scenarios) {
      await cp(join(fixtures, from), join(folder, 'src/scenarios'), { recursive: true });
    }
    await run(folder, 'npm', ...NPM_INSTALL, ...packages);
    return new PackedApp(folder);
  }

  /** Installs packages that only a test needs, apart from those of the application. */
  static async installTools(folder: string, ...packages: string[]): Promise<void> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{ "private": true }');
    await run(folder, 'npm', ...NPM_INSTALL, ...packages);
  }

  /** Compiles its own sources and the scenarios; the declarations of all packages are checked, too. */
  async compile(): Promise<void> {
    await this.run('npx', 'tsc');
  }

  run(command: string, ...args: string[]): Promise<string> {
    return run(this.folder, command, ...args);
  }

  /** What a program of a few lines prints in this application. */
  evaluate(program: string): Promise<string> {
    return this.run(process.execPath, '--input-type=module', '--eval', program);
  }

  /** What a scenario of `test/fixtures/scenarios` reports, once the application is compiled. */
  async scenario(name: string, flags: readonly string[] = [], node = process.execPath) {
    return reportOf(await this.run(node, ...flags, join('dist/scenarios', `${name}.js`)));
  }

  /** Starts a program of this application, which prints where it listens and a token. */
  async start(main = 'main.js', ...args: string[]) {
    const app = spawn(process.execPath, [join('dist', main), ...args], {
      cwd: this.folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise<never>((_, reject) => {
      app.once('exit', (code) => reject(new Error(`The app ended with exit code ${code}`)));
    });
    const firstLine = new Promise<string>((resolve) => {
      createInterface(app.stdout).once('line', resolve);
    });
    const { url, token } = JSON.parse(await Promise.race([firstLine, exited])) as {
      url: string;
      token: string;
    };
    const stop = async () => {
      app.kill();
      await exited.catch(() => undefined);
    };
    return { url, token, stop };
  }
}

/** A compiled application whose packages are in the archives of Yarn, without `node_modules`. */
export class YarnApp {
  private constructor(
    private readonly folder: string,
    private readonly yarn: string,
  ) {}

  static async install(folder: string, { folder: original }: PackedApp): Promise<YarnApp> {
    await mkdir(folder, { recursive: true });
    await cp(join(original, 'dist'), join(folder, 'dist'), { recursive: true });
    // Addresses of files are relative to the application.
    const manifest = await readFile(join(original, 'package.json'), 'utf8');
    await writeFile(
      join(folder, 'package.json'),
      manifest.replace('file:..', `file:${join(original, '..')}`),
    );
    await writeFile(join(folder, 'yarn.lock'), '');
    const tools = join(folder, '../tools');
    await PackedApp.installTools(tools, '@yarnpkg/cli-dist@4');
    const app = new YarnApp(folder, join(tools, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js'));
    await app.run('install');
    return app;
  }

  async scenario(name: string, node = process.execPath) {
    return reportOf(await this.run('exec', node, join('dist/scenarios', `${name}.js`)));
  }

  private async run(...args: string[]): Promise<string> {
    const registry = await run(this.folder, 'npm', 'config', 'get', 'registry');
    const settings = {
      YARN_NODE_LINKER: 'pnp',
      YARN_NPM_REGISTRY_SERVER: registry.trim().replace(/\/$/, ''),
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      YARN_ENABLE_TELEMETRY: 'false',
    };
    return run(
      this.folder,
      'env',
      ...Object.entries(settings).map((each) => each.join('=')),
      process.execPath,
      this.yarn,
      ...args,
    );
  }
}

/** The last line that a scenario prints. */
export function reportOf(output: string): unknown {
  return JSON.parse(output.trim().split('\n').at(-1) ?? '');
}

export function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      // The compiler reports on its standard output, npm and Jest on their standard error.
      reject(new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`));
    });
  });
}
