import { Controller, Get, Injectable, Post, Scope, UseGuards } from '@nestjs/common';
import type { CanActivate, INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { APP_GUARD, ApplicationConfig, NestFactory } from '@nestjs/core';
import {
  assertNoUnprotectedRoutes,
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  Groups,
  OptionalAuth,
  Public,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, send, startApp } from '../support/app.js';
import { refusal } from '../support/refusals.js';

@Injectable()
class OwnGuard extends CognitoGuard {}

@Injectable()
class OtherGuard implements CanActivate {
  canActivate() {
    return true;
  }
}

@Controller('protected')
class ProtectedController {
  @Get('guard')
  @UseGuards(CognitoGuard)
  guard() {}

  @Get('own-guard')
  @UseGuards(OwnGuard)
  ownGuard() {}

  @Get('authenticated')
  @Authenticated()
  authenticated() {}

  @Get('rule')
  @Groups('admin')
  rule() {}

  @Get('optional')
  @OptionalAuth()
  optional() {}

  @Get('public')
  @Public()
  public() {}
}

@Controller('class')
@Groups('admin')
class ProtectedClassController {
  @Get()
  inherited() {}
}

@Controller('open')
class OpenController {
  @Get('forgotten')
  forgotten() {}

  @Get('metrics')
  metrics() {}

  @Post('metrics')
  postMetrics() {}

  @Get('other-guard')
  @UseGuards(OtherGuard)
  otherGuard() {}
}

const OPEN = [
  'GET /open/forgotten (OpenController.forgotten) is open',
  'GET /open/metrics (OpenController.metrics) is open',
  'POST /open/metrics (OpenController.postMetrics) is open',
  'GET /open/other-guard (OpenController.otherGuard) is open',
];

const controllers = [ProtectedController, ProtectedClassController, OpenController];

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create();
});

/** What the assertion complains about, without its title. */
function complaintsOf(...args: Parameters<typeof assertNoUnprotectedRoutes>): string[] {
  try {
    assertNoUnprotectedRoutes(...args);
    return [];
  } catch (error) {
    const [, ...lines] = (error as Error).message.split('\n');
    return lines.map((line) => line.replace(/^ {2}- /, ''));
  }
}

describe.each(ADAPTERS)('assertNoUnprotectedRoutes() on %s', (adapter) => {
  const start = (
    metadata: ModuleMetadata = {},
    configure?: (app: INestApplication) => void,
    logger: LoggerService | false = false,
  ) => {
    const imports = [CognitoAuthModule.forRoot(pool.options())];
    return startApp(adapter, { imports, controllers, ...metadata }, { configure, logger });
  };

  /** Starts an application in which a hook makes the guard global, and its warnings. */
  async function startWithHook(
    hook: 'onModuleInit' | 'onApplicationBootstrap',
    metadata: ModuleMetadata = {},
  ) {
    let created: INestApplication | undefined;
    const guardAll = () => created?.useGlobalGuards(created.get(CognitoGuard));
    const providers = [{ provide: 'LATE', useValue: { [hook]: guardAll } }];
    const warn = vi.fn<(message: string) => void>();
    const logger = { warn, log() {}, error() {} };
    const app = await start({ providers, ...metadata }, (nest) => void (created = nest), logger);
    return { app, warnings: warn.mock.calls.map(([message]) => message) };
  }

  it('lists the routes for which the guard does not run', async () => {
    expect(complaintsOf(await start())).toEqual(OPEN);
  });

  it('says what to do about them', async () => {
    const app = await start();
    expect(() => assertNoUnprotectedRoutes(app)).toThrow(
      'Not every route is protected; add @Authenticated(), a rule, or @Public():\n  - GET /open/',
    );
  });

  it('passes when there are none', async () => {
    const app = await start({ controllers: [ProtectedController, ProtectedClassController] });
    expect(complaintsOf(app)).toEqual([]);
  });

  it.each<[string, ModuleMetadata | (() => ModuleMetadata)]>([
    [
      'with protectAll',
      () => ({ imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true })] }),
    ],
    [
      'with the guard as APP_GUARD',
      { providers: [{ provide: APP_GUARD, useClass: CognitoGuard }] },
    ],
    [
      'with a guard of its own as APP_GUARD',
      { providers: [{ provide: APP_GUARD, useClass: OwnGuard }] },
    ],
  ])('passes %s', async (_, metadata) => {
    const app = await start(typeof metadata === 'function' ? metadata() : metadata);
    expect(complaintsOf(app)).toEqual([]);
  });

  it('passes with app.useGlobalGuards()', async () => {
    const app = await start({}, (nest) => nest.useGlobalGuards(nest.get(CognitoGuard)));
    expect(complaintsOf(app)).toEqual([]);
  });

  it('does not take a guard for global that came when the routes were bound', async () => {
    const app = await start();
    app.useGlobalGuards(app.get(CognitoGuard));
    expect(await send(app, '/open/forgotten')).toMatchObject({ status: 200 });
    expect(complaintsOf(app)).toEqual(OPEN);
  });

  it.each(['onModuleInit', 'onApplicationBootstrap'] as const)(
    'does not take a guard for global that %s() added, when Nest has bound the routes',
    async (hook) => {
      const { app } = await startWithHook(hook);
      expect(await send(app, '/open/forgotten')).toMatchObject({ status: 200 });
      expect(complaintsOf(app)).toEqual(OPEN);
      const service = app.get(CognitoAuthService);
      const forgotten = service.routes().find(({ handler }) => handler === 'forgotten');
      expect(forgotten).toMatchObject({ rules: undefined });
      // oxlint-disable-next-line typescript/unbound-method -- it is a key here
      expect(service.rulesOf(OpenController, OpenController.prototype.forgotten)).toBeUndefined();
    },
  );

  it('is not needed to hear of a guard that became global too late: the log warns', async () => {
    const { warnings } = await startWithHook('onModuleInit');
    expect(warnings).toEqual([
      expect.stringMatching(
        /^A guard became global too late .* Open are: OpenController\.forgotten, .*\.otherGuard$/,
      ),
    ]);
  });

  it('takes it for global where controllers are made for each request', async () => {
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class ScopedController {
      @Get() list() {}
    }
    const { app, warnings } = await startWithHook('onModuleInit', {
      controllers: [ScopedController],
    });
    expect(await send(app, '/scoped')).toMatchObject(refusal('missing_token'));
    expect(complaintsOf(app)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it.each([CognitoGuard, OwnGuard])('cannot be asked of a boot with a class: %o', async (guard) => {
    const starting = start({}, (nest) =>
      nest.get(ApplicationConfig).addGlobalGuard(guard as never),
    );
    await expect(starting).rejects.toThrow(
      `The global guard ${guard.name} is a class, which protects nothing: set the option "protectAll"`,
    );
  });

  it('does not take a class for a global guard', async () => {
    const app = await start();
    app.get(ApplicationConfig).addGlobalGuard(CognitoGuard as never);
    expect(complaintsOf(app)).toEqual(OPEN);
  });

  it('does not take another global guard for ours', async () => {
    const app = await start({ providers: [{ provide: APP_GUARD, useClass: OtherGuard }] });
    expect(complaintsOf(app)).toEqual(OPEN);
  });

  it.each<[string, (string | RegExp)[], string[]]>([
    ['a method and a path', ['GET /open/metrics'], [OPEN[0], OPEN[2], OPEN[3]] as string[]],
    ['a path', ['/open/metrics'], [OPEN[0], OPEN[3]] as string[]],
    ['several', ['/open/metrics', 'GET /open/forgotten'], [OPEN[3]] as string[]],
    ['a pattern', [/^GET \/open\//], [OPEN[2]] as string[]],
    ['a pattern that remembers where it was', [/\/open\//g], []],
    ['a pattern that sticks', [/GET \/open\/metrics/y], [OPEN[0], OPEN[2], OPEN[3]] as string[]],
    [
      'a part of a path, which excepts nothing',
      ['/open'],
      [...OPEN, 'the exception /open matches no route'],
    ],
    [
      'what there is not',
      [/\/open/, 'GET /gone', '/gone', /gone/],
      [
        'the exception GET /gone matches no route',
        'the exception /gone matches no route',
        'the exception /gone/ matches no route',
      ],
    ],
    ['a protected route, though that says nothing', [/\/open/, '/protected/rule'], []],
  ])('excepts %s', async (_, except, complaints) => {
    const app = await start();
    expect(complaintsOf(app, { except })).toEqual(complaints);
    expect(complaintsOf(app, { except })).toEqual(complaints);
  });

  it('names routes as they are served', async () => {
    const app = await start({}, (nest) => nest.setGlobalPrefix('api'));
    expect(complaintsOf(app, { except: ['/api/open/metrics', '/open/forgotten'] })).toEqual([
      'GET /api/open/forgotten (OpenController.forgotten) is open',
      'GET /api/open/other-guard (OpenController.otherGuard) is open',
      'the exception /open/forgotten matches no route',
    ]);
  });
});

describe('assertNoUnprotectedRoutes()', () => {
  it('works before the application listens, and with several registrations', async () => {
    class OtherModule {}
    const other = {
      module: OtherModule,
      imports: [CognitoAuthModule.forRoot({ ...pool.options(), isGlobal: false })],
      controllers: [OpenController],
    };
    class AppModule {}
    const root = {
      module: AppModule,
      imports: [CognitoAuthModule.forRoot(pool.options()), other],
      controllers: [ProtectedController],
    };
    const app = await NestFactory.create(root, { logger: false, abortOnError: false });
    onTestFinished(() => app.close());
    expect(complaintsOf(app)).toEqual(OPEN);
  });

  it('fails without the module', async () => {
    const app = await startApp('express', { controllers: [OtherController] });
    expect(() => assertNoUnprotectedRoutes(app)).toThrow(/RouteInventory/);
  });
});

@Controller()
class OtherController {
  @Get()
  open() {}
}
