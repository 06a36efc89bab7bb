import { Controller, Get, Inject, Injectable, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CognitoAuthModule, CognitoAuthOptionsError, CognitoGuard } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions, CognitoAuthOptionsFactory } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { greetingOf, MeController, protectedBy } from './support/me.controller.js';
import { registeredStrategies } from './support/passport.js';
import { refusal } from './support/refusals.js';

const ALICE = greetingOf('alice');

let pool: LocalUserPool;
let other: LocalUserPool;

beforeAll(async () => {
  const users = [{ username: 'alice', groups: ['admin'] }];
  pool = await LocalUserPool.create({ users });
  other = await LocalUserPool.create({ users });
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function stubEnvironment(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

describe.each(ADAPTERS)('CognitoAuthModule.forRoot() on %s', (adapter) => {
  it('protects routes with the user pool of its options', async () => {
    const app = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(pool.options())));
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me', other.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });

  it('needs no argument when the environment says it all', async () => {
    const server = await other.listen();
    onTestFinished(() => server.close());
    stubEnvironment({
      COGNITO_USER_POOL_ID: other.userPoolId,
      COGNITO_CLIENT_ID: `unused,${other.clientId}`,
      COGNITO_ISSUER: other.issuer,
    });
    const app = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot()));
    expect(await send(app, '/me', other.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me', other.idToken('alice'))).toMatchObject(
      refusal('wrong_token_use'),
    );
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_issuer'),
    );
  });

  it('lets options win over the environment', async () => {
    stubEnvironment({ COGNITO_USER_POOL_ID: 'nonsense', COGNITO_TOKEN_USE: 'access' });
    const options = pool.options({ tokenUse: 'id' as const });
    const app = await startApp(adapter, protectedBy(CognitoAuthModule.forRoot(options)));
    expect(await send(app, '/me', pool.idToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(
      refusal('wrong_token_use'),
    );
  });

  it('protects every route with protectAll', async () => {
    @Controller()
    class BareController {
      @Get('bare')
      bare() {
        return {};
      }
    }
    const options = { ...pool.options(), protectAll: true };
    const app = await startApp(adapter, {
      imports: [CognitoAuthModule.forRoot(options)],
      controllers: [BareController],
    });
    expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/bare', pool.accessToken('alice'))).toMatchObject({ status: 200 });
  });

  it('is at hand in every module of the application', async () => {
    @Module({ controllers: [MeController] })
    class FeatureModule {}
    const imports = [CognitoAuthModule.forRoot(pool.options()), FeatureModule];
    const app = await startApp(adapter, { imports });
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
  });

  it('is at hand only where it is imported with isGlobal: false', async () => {
    const local = CognitoAuthModule.forRoot({ ...pool.options(), isGlobal: false });
    @Module({ controllers: [MeController], imports: [local] })
    class ImportingModule {}
    @Module({ controllers: [MeController] })
    class ForgetfulModule {}
    const app = await startApp(adapter, { imports: [ImportingModule] });
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    await expect(createApp(adapter, { imports: [local, ForgetfulModule] })).rejects.toThrow(
      /resolve dependencies of the CognitoGuard/,
    );
  });
});

describe.each(ADAPTERS)('CognitoAuthModule.forRootAsync() on %s', (adapter) => {
  class Settings {
    readonly cognito: CognitoAuthOptions = pool.options();
  }

  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  @Injectable()
  class OptionsFactory implements CognitoAuthOptionsFactory {
    constructor(@Inject(Settings) private readonly settings: Settings) {}

    create(): CognitoAuthOptions {
      return this.settings.cognito;
    }
  }

  @Module({ imports: [SettingsModule], providers: [OptionsFactory], exports: [OptionsFactory] })
  class OptionsModule {}

  const useFactory = ({ cognito }: Settings) => Promise.resolve(cognito);

  it.each([
    ['useFactory', { imports: [SettingsModule], inject: [Settings], useFactory }],
    ['useClass', { imports: [SettingsModule], useClass: OptionsFactory }],
    ['useExisting', { imports: [OptionsModule], useExisting: OptionsFactory }],
  ])('takes its options from %s', async (_, options) => {
    const app = await startApp(adapter, protectedBy(CognitoAuthModule.forRootAsync(options)));
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });

  it('takes isGlobal and protectAll beside them', async () => {
    @Controller()
    class BareController {
      @Get('bare')
      bare() {
        return {};
      }
    }
    const module = CognitoAuthModule.forRootAsync({
      useFactory: () => pool.options(),
      protectAll: true,
      isGlobal: false,
    });
    const app = await startApp(adapter, { imports: [module], controllers: [BareController] });
    expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
    @Module({ controllers: [MeController] })
    class ForgetfulModule {}
    await expect(createApp(adapter, { imports: [module, ForgetfulModule] })).rejects.toThrow(
      /resolve dependencies of the CognitoGuard/,
    );
  });

  it('stops the boot when its options are wrong', async () => {
    const module = CognitoAuthModule.forRootAsync({
      useFactory: () => ({ ...pool.options(), clockTolerance: 3_600 }),
    });
    await expect(createApp(adapter, { imports: [module] })).rejects.toThrow(
      '"clockTolerance" must be a number from 0 to 60 (seconds), got 3600.',
    );
  });

  it.each([
    ['nothing', {}, 'forRootAsync() needs "useFactory", "useClass" or "useExisting"; options that'],
    ['options', { userPoolId: 'a' }, 'forRootAsync() needs "useFactory", "useClass" or "useExis'],
    ['no factory', { useFactory: undefined }, '"useFactory" of forRootAsync() is undefined; is'],
    ['no class', { useClass: undefined }, '"useClass" of forRootAsync() is undefined; is there a'],
    ['no token', { useExisting: null }, '"useExisting" of forRootAsync() is null; is there a cir'],
    ['no function', { useFactory: {} }, '"useFactory" of forRootAsync() must be a function that'],
  ])('stops the boot when it is given %s', async (_, options, problem) => {
    const module = CognitoAuthModule.forRootAsync(options as never);
    await expect(createApp(adapter, protectedBy(module))).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: [expect.stringContaining(problem)],
    });
  });

  it('stops the boot when its factory returns what stands beside it', async () => {
    const module = CognitoAuthModule.forRootAsync({
      useFactory: () => ({
        ...pool.options(),
        protectAll: true,
        revocation: undefined,
        isGlobal: false,
      }),
    });
    const misplaced = (name: string) =>
      `"${name}" stands beside "useFactory", "useClass" or "useExisting" in forRootAsync(), not in the options that they return.`;
    await expect(createApp(adapter, { imports: [module] })).rejects.toMatchObject({
      problems: ['protectAll', 'revocation', 'isGlobal'].map(misplaced),
    });
  });

  it('takes extras that are undefined for their defaults', async () => {
    @Module({ controllers: [MeController] })
    class FeatureModule {}
    const module = CognitoAuthModule.forRootAsync({
      useFactory: () => pool.options(),
      isGlobal: undefined,
      protectAll: undefined,
      imports: undefined,
    });
    const app = await startApp(adapter, { imports: [module, FeatureModule] });
    expect(await send(app, '/me', pool.accessToken('alice'))).toMatchObject(ALICE);
  });

  it('stops the boot when its factory fails', async () => {
    const module = CognitoAuthModule.forRootAsync({
      useFactory: () => Promise.reject(new Error('no such parameter')),
    });
    await expect(createApp(adapter, { imports: [module] })).rejects.toThrow('no such parameter');
  });
});

describe.each(ADAPTERS)('An application without CognitoAuthModule on %s', (adapter) => {
  it('does not boot with the guard, and says what is missing', async () => {
    const missing =
      /dependencies of the CognitoGuard .*\(import CognitoAuthModule\.forRoot\(\) in the root module or, with/;
    await expect(createApp(adapter, { controllers: [MeController] })).rejects.toThrow(missing);
    const providers = [{ provide: APP_GUARD, useClass: CognitoGuard }];
    await expect(createApp(adapter, { providers })).rejects.toThrow(missing);
  });
});

describe.each(ADAPTERS)('Wrong options on %s', (adapter) => {
  function boot(options: CognitoAuthOptions) {
    return createApp(adapter, { imports: [CognitoAuthModule.forRoot(options)] });
  }

  it('stop the boot with one message about all of them', async () => {
    const wrong = { userPoolId: 'my-pool', clientId: [], tokenUse: 'refresh' as never };
    await expect(boot(wrong)).rejects.toThrow(
      new CognitoAuthOptionsError([
        '"userPoolId" must look like eu-west-1_AbCdEf123, got "my-pool".',
        '"clientId" must not be an empty list; null accepts every app client.',
        '"tokenUse" must be "access", "id" or a list of both, got "refresh".',
      ]),
    );
  });

  it('stop the boot when there are none, and say what can be given', async () => {
    stubEnvironment({ COGNITO_USER_POOL_ID: '', COGNITO_CLIENT_ID: '' });
    await expect(boot({})).rejects.toThrow(
      /2 options are wrong:\n.*COGNITO_USER_POOL_ID.*\n.*COGNITO_CLIENT_ID/,
    );
  });

  it('are asked for where the module is imported as it is', async () => {
    await expect(createApp('express', { imports: [CognitoAuthModule] })).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: [
        expect.stringMatching(
          /^"imports" has CognitoAuthModule itself.*write CognitoAuthModule\.forRoot\(\)/,
        ),
      ],
    });
  });

  it.each([null, 'eu-west-1_AbCdEf123'])('stop the boot when they are %j', async (options) => {
    const imports = [CognitoAuthModule.forRoot(options as never)];
    await expect(createApp('express', { imports })).rejects.toMatchObject({
      name: 'CognitoAuthOptionsError',
      problems: expect.arrayContaining([
        `The object with the options is ${options}; is there a circular import? Leave it out if none is meant.`,
      ]),
    });
  });

  it('leave no strategy behind', async () => {
    const before = registeredStrategies();
    await expect(boot({ userPoolId: 'my-pool', clientId: null })).rejects.toThrow('my-pool');
    expect(registeredStrategies()).toEqual(before);
  });

  it.each(['skipVerification', 'ignoreExpiration'])(
    'are unsafe.%s with NODE_ENV=production',
    async (name) => {
      stubEnvironment({ NODE_ENV: 'production' });
      await expect(boot({ ...pool.options(), unsafe: { [name]: true } })).rejects.toThrow(
        `"unsafe.${name}" is for local development and refused with NODE_ENV=production.`,
      );
    },
  );
});
