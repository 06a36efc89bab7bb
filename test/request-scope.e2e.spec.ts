import { Controller, Get, Inject, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import type { FactoryProvider, ModuleMetadata, Provider, Type } from '@nestjs/common';
import { APP_GUARD, LazyModuleLoader, NestFactory, REQUEST } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Authenticated, Check, CognitoAuthModule, CognitoGuard } from 'nestjs-cognito-auth';
import type { AccessCheck, CognitoAuthOptions } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import { refusal } from './support/refusals.js';

@Injectable({ scope: Scope.REQUEST })
class Tenant {}

@Injectable({ scope: Scope.REQUEST, durable: true })
class DurableTenant {}

@Injectable()
class TenantOfRequest {
  constructor(@Inject(REQUEST) readonly request: object) {}
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientTenant {
  constructor(@Inject(REQUEST) readonly request: object) {}
}

@Injectable()
class DeepTenant {
  constructor(@Inject(TransientTenant) readonly tenant: TransientTenant) {}
}

@Injectable()
class TenantProperty {
  @Inject(Tenant) readonly tenant: Tenant;
}

@Injectable({ scope: Scope.TRANSIENT })
class TransientSettings {}

@Injectable({ scope: Scope.REQUEST })
class OptionsOfRequest {
  create(): CognitoAuthOptions {
    return pool.options();
  }
}

@Injectable()
class OptionsOfTenant extends OptionsOfRequest {
  constructor(@Inject(DeepTenant) readonly tenant: DeepTenant) {
    super();
  }
}

const TENANTS: Type[] = [
  Tenant,
  DurableTenant,
  TenantOfRequest,
  TransientTenant,
  DeepTenant,
  TenantProperty,
  TransientSettings,
];

@Module({ providers: TENANTS, exports: TENANTS })
class TenantModule {}

@Module({ imports: [TenantModule], providers: [OptionsOfTenant], exports: [OptionsOfTenant] })
class OptionsModule {}

@Controller()
class BareController {
  @Get('bare')
  bare() {
    return {};
  }
}

@Controller()
class GuardedController {
  @Get('guarded')
  @Authenticated()
  guarded() {
    return {};
  }
}

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create({ users: [{ username: 'alice' }] });
});

function optionsFrom(injected: FactoryProvider['inject'], extras = { protectAll: true }) {
  const useFactory = () => pool.options();
  const imports = [TenantModule];
  return CognitoAuthModule.forRootAsync({ imports, inject: injected, useFactory, ...extras });
}

const stopsOver = (name: string) => ({
  name: 'CognitoAuthOptionsError',
  problems: [expect.stringContaining(`need ${name}, which is request-scoped`)],
});

describe.each(ADAPTERS)('A registration with request-scoped options on %s', (adapter) => {
  const boot = (metadata: ModuleMetadata) =>
    createApp(adapter, { controllers: [BareController], ...metadata });

  it.each<[string, FactoryProvider['inject']]>([
    ['Tenant', [Tenant]],
    ['DurableTenant', [DurableTenant]],
    ['REQUEST', [REQUEST]],
    ['REQUEST, through TenantOfRequest', [TenantOfRequest]],
    ['REQUEST, through TransientTenant, through DeepTenant', [DeepTenant]],
    ['Tenant, through TenantProperty', [TenantProperty]],
    ['Tenant', [{ token: Tenant, optional: true }]],
  ])('does not boot, whoever needs %s', async (name, injected) => {
    await expect(boot({ imports: [optionsFrom(injected)] })).rejects.toMatchObject(stopsOver(name));
  });

  it.each([
    ['useClass', { useClass: OptionsOfRequest }, 'OptionsOfRequest'],
    [
      'what useClass injects',
      { imports: [TenantModule], useClass: OptionsOfTenant },
      'REQUEST, through TransientTenant, through DeepTenant, through OptionsOfTenant',
    ],
    [
      'what useExisting injects',
      { imports: [OptionsModule], useExisting: OptionsOfTenant },
      'REQUEST, through TransientTenant, through DeepTenant, through OptionsOfTenant',
    ],
  ])('does not boot, be it %s', async (_, options, name) => {
    const imports = [CognitoAuthModule.forRootAsync({ ...options, protectAll: true })];
    await expect(boot({ imports })).rejects.toMatchObject(stopsOver(name));
  });

  it('does not boot without protectAll, with APP_GUARD or with a guarded route', async () => {
    const imports = [optionsFrom([Tenant], { protectAll: false })];
    const providers = [{ provide: APP_GUARD, useExisting: CognitoGuard }];
    const stops = stopsOver('Tenant');
    await expect(boot({ imports, providers })).rejects.toMatchObject(stops);
    await expect(boot({ imports, controllers: [GuardedController] })).rejects.toMatchObject(stops);
    await expect(boot({ imports, controllers: [] })).rejects.toMatchObject(stops);
  });

  it('does not boot beside one whose options are not', async () => {
    const sound = CognitoAuthModule.forRoot({ ...pool.options(), isGlobal: false });
    @Module({ imports: [sound], controllers: [GuardedController] })
    class SoundModule {}
    const imports = [SoundModule, optionsFrom([Tenant], { protectAll: false })];
    await expect(boot({ imports })).rejects.toMatchObject(stopsOver('Tenant'));
  });

  it('boots when they are transient, which every provider may inject', async () => {
    const imports = [optionsFrom([TransientSettings])];
    const app = await startApp(adapter, { imports, controllers: [BareController] });
    expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/bare', pool.accessToken('alice'))).toMatchObject({ status: 200 });
  });
});

describe('Request-scoped options', () => {
  const starts = (module: Type) => ({
    'an application context': () =>
      NestFactory.createApplicationContext(module, { logger: false, abortOnError: false }),
    'a microservice': () =>
      NestFactory.createMicroservice(module, {
        transport: Transport.TCP,
        options: { port: 0 },
        logger: false,
        abortOnError: false,
      }),
    'an application before init()': () =>
      NestFactory.create(module, { logger: false, abortOnError: false }),
  });

  it.each(['an application context', 'a microservice', 'an application before init()'] as const)(
    'stop %s',
    async (kind) => {
      @Module({ imports: [optionsFrom([Tenant])], controllers: [BareController] })
      class AppModule {}
      await expect(starts(AppModule)[kind]()).rejects.toMatchObject(stopsOver('Tenant'));
    },
  );

  it('stop a module that is loaded lazily', async () => {
    const app = await startApp('express', {});
    @Module({ imports: [optionsFrom([Tenant], { protectAll: false })] })
    class LazyModule {}
    await expect(app.get(LazyModuleLoader).load(() => LazyModule)).rejects.toMatchObject(
      stopsOver('Tenant'),
    );
  });
});

describe('A module that is loaded lazily', () => {
  it.each([true, false])('cannot protect all, with isGlobal %s', async (isGlobal) => {
    const app = await startApp('express', {});
    const protection = CognitoAuthModule.forRoot({ ...pool.options(), isGlobal, protectAll: true });
    await expect(app.get(LazyModuleLoader).load(() => protection)).rejects.toMatchObject({
      problems: [
        '"protectAll" protects nothing in a module that is loaded lazily; import CognitoAuthModule in the root module.',
      ],
    });
  });

  it('has a guard and a service', async () => {
    const app = await startApp('express', {});
    const module = CognitoAuthModule.forRoot({ ...pool.options(), isGlobal: false });
    const loaded = await app.get(LazyModuleLoader).load(() => module);
    expect(loaded.get(CognitoGuard)).toBeInstanceOf(CognitoGuard);
  });
});

@Injectable()
class TenantGuard extends CognitoGuard {
  @Inject(Tenant) readonly tenant: Tenant;
}

describe.each(ADAPTERS)('A global guard of this library on %s', (adapter) => {
  const metadata = (provider: object): ModuleMetadata => ({
    imports: [TenantModule, CognitoAuthModule.forRoot(pool.options())],
    controllers: [BareController],
    providers: [{ provide: APP_GUARD, ...provider } as Provider],
  });

  it.each<[string, object]>([
    ['a subclass', { useClass: TenantGuard }],
    ['a factory', { useFactory: (guard: CognitoGuard) => guard, inject: [CognitoGuard, Tenant] }],
  ])('must not need anything request-scoped as %s', async (_, provider) => {
    await expect(createApp(adapter, metadata(provider))).rejects.toMatchObject({
      problems: [
        expect.stringMatching(/^APP_GUARD of .* needs Tenant, which is request-scoped: Nest would/),
      ],
    });
  });

  it('may need it when it is made for each request', async () => {
    const provider = { useClass: TenantGuard, scope: Scope.REQUEST };
    const app = await startApp(adapter, metadata(provider));
    expect(await send(app, '/bare')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/bare', pool.accessToken('alice'))).toMatchObject({ status: 200 });
  });

  it('must not be transient, which Nest asks for no static handler', async () => {
    const provider = { useClass: CognitoGuard, scope: Scope.TRANSIENT };
    await expect(createApp(adapter, metadata(provider))).rejects.toMatchObject({
      problems: [expect.stringContaining('APP_GUARD with CognitoGuard has a "scope"')],
    });
  });

  it('must not be made for each request where there are gateways, which Nest leaves open', async () => {
    @WebSocketGateway()
    class HelloGateway {
      @SubscribeMessage('hello')
      hello() {
        return {};
      }
    }
    const { providers = [], ...others } = metadata({
      useClass: CognitoGuard,
      scope: Scope.REQUEST,
    });
    const withGateway = { ...others, providers: [HelloGateway, ...providers] };
    await expect(createApp(adapter, withGateway)).rejects.toMatchObject({
      problems: [expect.stringContaining('those of gateways among them; leave "scope" out.')],
    });
  });
});

describe.each(ADAPTERS)('A guard of a route that needs the request on %s', (adapter) => {
  it('is made for each request', async () => {
    @Controller()
    @UseGuards(TenantGuard)
    class TenantController {
      @Get('tenant')
      tenant() {
        return {};
      }
    }
    const app = await startApp(adapter, {
      imports: [TenantModule, CognitoAuthModule.forRoot(pool.options())],
      controllers: [TenantController],
    });
    expect(await send(app, '/tenant')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/tenant', pool.accessToken('alice'))).toMatchObject({ status: 200 });
  });
});

describe.each(ADAPTERS)('A class of @Check() on %s', (adapter) => {
  abstract class Admitting implements AccessCheck {
    check() {
      return true;
    }
  }

  @Injectable()
  class InjectsTenant extends Admitting {
    constructor(@Inject(Tenant) readonly tenant: Tenant) {
      super();
    }
  }

  @Injectable()
  class InjectsDeepTenant extends Admitting {
    constructor(@Inject(DeepTenant) readonly tenant: DeepTenant) {
      super();
    }
  }

  @Injectable()
  class InjectsProperty extends Admitting {
    @Inject(REQUEST) readonly request: object;
  }

  @Injectable({ scope: Scope.REQUEST })
  class OfRequest extends Admitting {}

  @Injectable({ scope: Scope.TRANSIENT })
  class Transient extends Admitting {
    constructor(@Inject(TransientSettings) readonly settings: TransientSettings) {
      super();
    }
  }

  function checkedBy(check: Type<AccessCheck>, providers: Provider[]): ModuleMetadata {
    @Controller()
    class CheckedController {
      @Get('checked')
      @Check(check)
      checked() {
        return {};
      }
    }
    const imports = [
      TenantModule,
      CognitoAuthModule.forRoot({ ...pool.options(), imports: [TenantModule] }),
    ];
    return { imports, controllers: [CheckedController], providers };
  }

  it.each([
    [InjectsTenant, 'Tenant'],
    [InjectsDeepTenant, 'REQUEST, through TransientTenant, through DeepTenant'],
    [InjectsProperty, 'REQUEST'],
    [OfRequest, 'OfRequest'],
  ])('must not be request-scoped, listed in a module or not: %o', async (check, scope) => {
    for (const providers of [[], [check]]) {
      // oxlint-disable-next-line no-await-in-loop -- one application after the other
      await expect(createApp(adapter, checkedBy(check, providers))).rejects.toMatchObject({
        problems: [
          `@Check(${check.name}) on CheckedController.checked is request-scoped, or injects something that is (${scope}); it lives as long as the application and finds the request in its arguments.`,
        ],
      });
    }
  });

  it('may be transient, listed in a module or not', async () => {
    for (const providers of [[], [Transient]]) {
      // oxlint-disable no-await-in-loop -- one application after the other
      const app = await startApp(adapter, checkedBy(Transient, providers));
      expect(await send(app, '/checked')).toMatchObject(refusal('missing_token'));
      expect(await send(app, '/checked', pool.accessToken('alice'))).toMatchObject({ status: 200 });
      // oxlint-enable no-await-in-loop
    }
  });
});
