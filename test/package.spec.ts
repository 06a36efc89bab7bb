import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const MINUTES = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));

// The install line of each major version of Nest, as in the README.
const apps = {
  'nest12-esm': ['@nestjs/passport', 'passport'],
  'nest11-cjs': ['@nestjs/passport@11', 'passport'],
};

// Starts an application with hosted pages, and prints what stops it.
const HOSTED_PAGES = `
  import 'reflect-metadata';
  import { Module } from '@nestjs/common';
  import { NestFactory } from '@nestjs/core';
  import { CognitoAuthModule } from 'nestjs-cognito-auth';
  import { CognitoHostedUiModule } from 'nestjs-cognito-auth/hosted-ui';

  const clientId = '1h57kf5cpq17m0eml12EXAMPLE';
  const userPool = { userPoolId: 'eu-west-1_AbCdEf123', clientId, keys: { preload: 'lazy' } };
  const hostedUi = {
    domain: 'https://example.auth.eu-west-1.amazoncognito.com',
    clientId,
    redirectUri: 'https://app.example.com/auth/callback',
    logoutUri: 'https://app.example.com/',
  };
  class AppModule {}
  Module({
    imports: [CognitoAuthModule.forRoot(userPool), CognitoHostedUiModule.forRoot(hostedUi)],
  })(AppModule);
  const options = { logger: false, abortOnError: false };
  await NestFactory.create(AppModule, options).catch(({ message }) => console.log(message));
`;

describe('The packed library', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-cognito-auth-'));
    const tarball = await pack(join(folder, 'package'));
    await Promise.all(
      Object.entries(apps).map(([app, peers]) => install(join(folder, app), app, tarball, peers)),
    );
  }, 5 * MINUTES);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(Object.keys(apps))('in the app %s', (app) => {
    it('compiles, and protects a route', { timeout: 2 * MINUTES }, async () => {
      await run(join(folder, app), 'npx', 'tsc');
      const { url, token, stop } = await start(join(folder, app));
      try {
        const refused = await fetch(`${url}/me`);
        expect(refused.status).toBe(401);
        expect(await refused.json()).toMatchObject({ code: 'missing_token' });

        const admitted = await fetch(`${url}/me`, {
          headers: { authorization: `Bearer ${token}` },
        });
        expect(admitted.status).toBe(200);
        expect(await admitted.json()).toEqual({ username: 'alice' });
      } finally {
        await stop();
      }
    });

    it('needs no package of a transport that it does not have', { timeout: MINUTES }, async () => {
      const output = await evaluate(
        join(folder, app),
        `import { createRequire } from 'node:module';
         await import('nestjs-cognito-auth');
         const { resolve } = createRequire(process.cwd() + '/app.js');
         for (const name of ['@nestjs/websockets', '@nestjs/microservices']) {
           try { resolve(name); console.log(name); } catch {}
         }`,
      );

      expect(output.trim()).toBe('');
    });

    it('has one class, whether imported or required', { timeout: MINUTES }, async () => {
      const output = await evaluate(
        join(folder, app),
        `import { createRequire } from 'node:module';
         import { CognitoGuard } from 'nestjs-cognito-auth';
         const required = createRequire(process.cwd() + '/app.js')('nestjs-cognito-auth');
         console.log(required.CognitoGuard === CognitoGuard);`,
      );

      expect(output.trim()).toBe('true');
    });

    it('says what to install for the hosted pages', { timeout: MINUTES }, async () => {
      const output = await evaluate(join(folder, app), HOSTED_PAGES);

      expect(output).toMatch(/The package "(openid-client|iron-webcrypto)" is not installed/);
      expect(output).toContain('run "npm install openid-client iron-webcrypto"');
    });
  });

  it('protects a query of GraphQL in a Nest 11 app', { timeout: 2 * MINUTES }, async () => {
    const app = join(folder, 'nest11-cjs');
    // The types of @nestjs/graphql 13 name packages that are optional.
    await run(app, 'npx', 'tsc', '-p', 'tsconfig.graphql.json');
    const { url, token, stop } = await start(app, 'graphql/main.js');
    try {
      expect(await me(url)).toMatchObject({ errors: [refusedWith('missing_token')] });
      expect(await me(url, token)).toEqual({ data: { me: 'alice' } });
      expect(await me(url)).toMatchObject({ errors: [refusedWith('missing_token')] });
    } finally {
      await stop();
    }
    const shared = await start(app, 'graphql/main.js', '--shared-context');
    try {
      expect(await me(shared.url, shared.token)).toEqual({ data: { me: 'alice' } });
      expect(await me(shared.url)).toMatchObject({ errors: [refusedWith('unsupported_context')] });
    } finally {
      await shared.stop();
    }
  });

  it('is loaded by the stock Jest of a Nest 11 app', { timeout: 2 * MINUTES }, async () => {
    const report = await run(join(folder, 'nest11-cjs'), 'npx', 'jest', '--json', '--runInBand');

    expect(JSON.parse(report)).toMatchObject({ numPassedTests: 2, numTotalTests: 2 });
  });
});

/** Asks who the caller is, by GraphQL. */
async function me(url: string, token?: string): Promise<unknown> {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: '{ me }' }),
  });
  return answer.json();
}

function refusedWith(code: string): object {
  return { extensions: { code } };
}

/** Builds the package beside the repository, so that its own build stays as it is. */
async function pack(folder: string): Promise<string> {
  await run(root, process.execPath, 'tools/build-lib.mjs', folder);
  const [packed] = JSON.parse(await run(folder, 'npm', 'pack', '--json')) as { filename: string }[];
  if (!packed) throw new Error('npm pack made no tarball');
  return join(folder, packed.filename);
}

async function install(folder: string, app: string, tarball: string, peers: string[]) {
  await cp(join(root, 'test/fixtures', app), folder, { recursive: true });
  const flags = ['--prefer-offline', '--no-audit', '--no-fund'];
  await run(folder, 'npm', 'install', ...flags, tarball, ...peers);
}

async function start(folder: string, main = 'main.js', ...args: string[]) {
  const app = spawn(process.execPath, [join('dist', main), ...args], {
    cwd: folder,
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

/** What a program of a few lines prints in an application. */
function evaluate(app: string, program: string): Promise<string> {
  return run(app, process.execPath, '--input-type=module', '--eval', program);
}

function run(cwd: string, command: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      // The compiler reports on its standard output, npm and Jest on their standard error.
      reject(new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`));
    });
  });
}
