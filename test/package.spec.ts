import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, PackedApp, reportOf, run, WITHOUT_REQUIRE_MODULE, YarnApp } from './packed-app.js';

const MINUTES = 60_000;

/** How an application comes about: the fixtures that it is copied from, and what is installed. */
interface Setup {
  readonly fixtures: readonly string[];
  readonly packages: readonly string[];
}

// The latest version of each major one: the install lines of the README, and for Nest 11 GraphQL.
const LATEST: Record<string, Setup> = {
  'Nest 12': {
    fixtures: ['nest12-esm', 'scenarios'],
    packages: ['@nestjs/passport', 'passport'],
  },
  'Nest 11': {
    fixtures: ['nest11-cjs', 'scenarios'],
    packages: [
      '@nestjs/passport@11',
      'passport',
      '@nestjs/graphql@13',
      'graphql@16',
      '@nestjs/apollo@13',
      '@apollo/server@5',
      '@as-integrations/express5@1',
    ],
  },
};

// The lowest ones that are accepted, with the optional peers, and other types of Node.
const LOWEST: Record<string, Setup> = {
  'Nest 12.0.0': {
    fixtures: ['nest12-esm', 'scenarios', 'scenarios-with-peers'],
    packages: [
      ...nest('12.0.0', '12.0.1'),
      '@nestjs/passport@12.0.0',
      ...peers(),
      '@types/node@26',
      // The packages of Nest 12.0.0 still ask for each other's version 11.
      '--legacy-peer-deps',
    ],
  },
  'Nest 11.0.1': {
    fixtures: [
      'nest11-cjs',
      'scenarios',
      'scenarios-with-peers',
      'jest-with-peers',
      'jest-hosted-pages',
    ],
    packages: [
      ...nest('11.0.1', '11.0.1', '11.0.5'),
      '@nestjs/passport@11.0.2',
      ...peers(),
      '@types/node@24',
      '@types/passport@1',
    ],
  },
};

const SETUPS = { ...LATEST, ...LOWEST };

/** Further versions of Node, which `npm run test:matrix` names: each is a package of 180 MB. */
const NODES = process.env['NODES']?.split(',') ?? [];

function nest(version: string, transports: string, sockets = transports): string[] {
  return [
    ...['common', 'core', 'platform-express', 'testing'].map((name) => [name, version]),
    ...['microservices', 'websockets'].map((name) => [name, transports]),
    ['platform-ws', sockets],
  ].map((each) => `@nestjs/${each.join('@')}`);
}

function peers(): string[] {
  return ['passport@0.7.0', 'openid-client@6', 'iron-webcrypto@2', 'ws@8', '@types/ws@8'];
}

/** What the scenario `fetched-keys` reports. */
const FETCHED_KEYS = {
  admitted: [200, { username: 'alice' }],
  refused: [401, 'missing_token'],
};

/** What the scenario `doors` reports, by the names of its applications. */
interface Doors {
  /** Those that answer somebody without a token. */
  readonly open: readonly string[];
  /** Those that start. */
  readonly boots: readonly string[];
}

/** What the scenario `hosted-pages` reports. */
const SIGN_IN = { status: 302, to: '/oauth2/authorize' };

// A CommonJS application cannot have Nest 12 where require() of ES modules is off; these all can.
const NODE_WITH: [string, readonly string[]][] = [
  ['require() of ES modules', []],
  ['no require() of ES modules', WITHOUT_REQUIRE_MODULE],
];

// What Nest itself makes external in a bundle.
const EXTERNAL_FOR_NEST = [
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/websockets/socket-module',
  '@nestjs/websockets/socket-module.js',
  'class-transformer',
  'class-validator',
];

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
  let tarball: string;
  const apps = new Map<string, PackedApp>();

  function appOf(name: string): PackedApp {
    const app = apps.get(name);
    if (!app) throw new Error(`There is no app of ${name}`);
    return app;
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nestjs-cognito-auth-'));
    tarball = await pack(join(folder, 'package'));
    const bundlers = PackedApp.installTools(join(folder, 'bundlers'), 'esbuild', '@vercel/ncc');
    const installs = Object.entries(SETUPS).map(async ([name, { fixtures, packages }]) => {
      const to = join(folder, name.replace(' ', '-'));
      const app = await PackedApp.install(to, fixtures, [tarball, ...packages]);
      apps.set(name, app);
    });
    await Promise.all([bundlers, ...installs]);
    await Promise.all([...apps.values()].map((app) => app.compile()));
  }, 10 * MINUTES);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(Object.keys(SETUPS))('in the app of %s', (name) => {
    it('protects a route', { timeout: 2 * MINUTES }, async () => {
      const { url, token, stop } = await appOf(name).start();
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

    it.each(NODE_WITH)('fetches keys with %s', { timeout: MINUTES }, async (_, flags) => {
      expect(await appOf(name).scenario('fetched-keys', flags)).toEqual(FETCHED_KEYS);
    });

    it('opens no door where Nest leaves a guard out', { timeout: MINUTES }, async () => {
      const { open, boots } = (await appOf(name).scenario('doors')) as Doors;

      expect(open).toEqual([]);
      expect(boots).toEqual(['a handler that is bound', 'a class that Nest creates']);
    });

    it('has one class, whether imported or required', { timeout: MINUTES }, async () => {
      const output = await appOf(name).evaluate(
        `import { createRequire } from 'node:module';
         import { CognitoGuard } from 'nestjs-cognito-auth';
         const required = createRequire(process.cwd() + '/app.js')('nestjs-cognito-auth');
         console.log(required.CognitoGuard === CognitoGuard);`,
      );

      expect(output.trim()).toBe('true');
    });
  });

  describe.each(Object.keys(LATEST))('without optional peers, in the app of %s', (name) => {
    it('needs no package of a transport that it does not have', { timeout: MINUTES }, async () => {
      const output = await appOf(name).evaluate(
        `import { createRequire } from 'node:module';
         await import('nestjs-cognito-auth');
         const { resolve } = createRequire(process.cwd() + '/app.js');
         for (const name of ['@nestjs/websockets', '@nestjs/microservices']) {
           try { resolve(name); console.log(name); } catch {}
         }`,
      );

      expect(output.trim()).toBe('');
    });

    it('says what to install for the hosted pages', { timeout: MINUTES }, async () => {
      const output = await appOf(name).evaluate(HOSTED_PAGES);

      expect(output).toMatch(/The package "(openid-client|iron-webcrypto)" is not installed/);
      expect(output).toContain('run "npm install openid-client iron-webcrypto"');
    });

    it('is bundled by esbuild, with the externals of Nest', { timeout: MINUTES }, async () => {
      const app = appOf(name);
      const isModule = name === 'Nest 12';
      const bundle = join(folder, isModule ? 'bundle.mjs' : 'bundle.cjs');
      // What esbuild leaves to the CommonJS packages of a bundle that is a module.
      const require = `import { createRequire as from } from 'node:module'; const require = from(import.meta.url);`;
      await app.run(
        join(folder, 'bundlers/node_modules/.bin/esbuild'),
        'dist/scenarios/fetched-keys.js',
        '--bundle',
        '--platform=node',
        '--log-level=warning',
        `--outfile=${bundle}`,
        ...(isModule ? ['--format=esm', `--banner:js=${require}`] : ['--format=cjs']),
        ...EXTERNAL_FOR_NEST.map((external) => `--external:${external}`),
      );

      expect(reportOf(await run(folder, process.execPath, bundle))).toEqual(FETCHED_KEYS);
    });

    it('is bundled by ncc', { timeout: 3 * MINUTES }, async () => {
      const app = appOf(name);
      const bundle = join(folder, 'ncc', name);
      const ncc = join(folder, 'bundlers/node_modules/.bin/ncc');
      await app.run(ncc, 'build', 'dist/scenarios/fetched-keys.js', '--out', bundle);
      const files = await readdir(bundle);
      const file = files.find((each) => each.startsWith('index.')) ?? '';

      const output = await run(folder, process.execPath, join(bundle, file));
      expect(reportOf(output)).toEqual(FETCHED_KEYS);
    });

    it("fetches keys under Plug'n'Play of Yarn", { timeout: 3 * MINUTES }, async () => {
      const yarn = await YarnApp.install(join(folder, 'yarn', name), appOf(name));

      expect(await yarn.scenario('fetched-keys')).toEqual(FETCHED_KEYS);
    });
  });

  describe.each(Object.keys(LOWEST))('with optional peers, in the app of %s', (name) => {
    it.each(NODE_WITH)('has hosted pages with %s', { timeout: MINUTES }, async (_, flags) => {
      const report = await appOf(name).scenario('hosted-pages', flags);

      expect(report).toEqual(SIGN_IN);
    });

    it.each(NODE_WITH)('refuses messages with %s', { timeout: MINUTES }, async (_, flags) => {
      const report = await appOf(name).scenario('refused-messages', flags);

      expect(report).toMatchObject({ code: 'missing_token', statusCode: 401 });
    });
  });

  it.each(Object.keys(LOWEST))('refuses messages of sockets in the app of %s', async (name) => {
    expect(await appOf(name).scenario('refused-sockets')).toEqual({
      'with withCognitoAuth()': ['insufficient_group', 'insufficient_group', 'greeted'],
      // It does not keep the handshake.
      'with the adapter of Nest': ['missing_token', 'missing_token', 'greeted'],
    });
  });

  describe.each(NODES)('on Node %s', (version) => {
    let node: string;

    beforeAll(async () => {
      const tools = join(folder, `node-${version}`);
      await PackedApp.installTools(tools, `node@${version}`);
      node = join(tools, 'node_modules/node/bin/node');
    }, 5 * MINUTES);

    describe.each(NODE_WITH)('with %s', (_, flags) => {
      it.each(Object.keys(SETUPS))('fetches keys: %s', { timeout: MINUTES }, async (name) => {
        const report = await appOf(name).scenario('fetched-keys', flags, node);

        expect(report).toEqual(FETCHED_KEYS);
      });

      it.each(Object.keys(LOWEST))('has hosted pages: %s', { timeout: MINUTES }, async (name) => {
        const report = await appOf(name).scenario('hosted-pages', flags, node);

        expect(report).toEqual(SIGN_IN);
      });
    });

    it.each(Object.keys(LATEST))(
      "has Plug'n'Play of Yarn: %s",
      { timeout: MINUTES },
      async (name) => {
        const yarn = await YarnApp.install(join(folder, `yarn-${version}`, name), appOf(name));

        expect(await yarn.scenario('fetched-keys', node)).toEqual(FETCHED_KEYS);
      },
    );
  });

  it('protects a query of GraphQL in a Nest 11 app', { timeout: 2 * MINUTES }, async () => {
    const app = appOf('Nest 11');
    // The types of @nestjs/graphql 13 name packages that are optional.
    await app.run('npx', 'tsc', '-p', 'tsconfig.graphql.json');
    const { url, token, stop } = await app.start('graphql/main.js');
    try {
      expect(await me(url)).toMatchObject({ errors: [refusedWith('missing_token')] });
      expect(await me(url, token)).toEqual({ data: { me: 'alice' } });
      expect(await me(url)).toMatchObject({ errors: [refusedWith('missing_token')] });
    } finally {
      await stop();
    }
    const same = await app.start('graphql/main.js', '--same-context');
    try {
      expect(await me(same.url, same.token)).toEqual({ data: { me: 'alice' } });
      expect(await me(same.url)).toMatchObject({ errors: [refusedWith('unsupported_context')] });
    } finally {
      await same.stop();
    }
    const output = await app.run(process.execPath, 'dist/graphql/main.js', '--shared-context');
    expect(reportOf(output)).toEqual({
      problem: expect.stringContaining('"context" of GraphQLModule is one object') as string,
    });
  });

  it('is loaded by the stock Jest of a Nest 11 app', { timeout: 2 * MINUTES }, async () => {
    const report = await appOf('Nest 11').run('npx', 'jest', '--json', '--runInBand', 'app.module');

    expect(JSON.parse(report)).toMatchObject({ numPassedTests: 2, numTotalTests: 2 });
  });

  it('signs in in Jest with the flag that the error names', { timeout: 2 * MINUTES }, async () => {
    const report = await appOf('Nest 11.0.1').run(
      'env',
      'NODE_OPTIONS=--experimental-vm-modules',
      'npx',
      'jest',
      '--json',
      '--runInBand',
      'signing-in',
    );

    expect(JSON.parse(report)).toMatchObject({ numPassedTests: 2, numTotalTests: 2 });
  });

  it('fetches keys and refuses messages in stock Jest', { timeout: 2 * MINUTES }, async () => {
    const report = await appOf('Nest 11.0.1').run(
      'npx',
      'jest',
      '--json',
      '--runInBand',
      'loading',
    );

    expect(JSON.parse(report)).toMatchObject({ numPassedTests: 5, numTotalTests: 5 });
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
