import { Controller, Get, Inject, Injectable, Module, Scope, UseGuards } from '@nestjs/common';
import type { INestApplication, OnModuleInit, Provider, Type } from '@nestjs/common';
import { APP_GUARD, ContextIdFactory, NestFactory, REQUEST } from '@nestjs/core';
import type { ContextIdStrategy } from '@nestjs/core';
import { RouterExecutionContext } from '@nestjs/core/router/router-execution-context.js';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  assertNoUnprotectedRoutes,
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  CognitoGuard,
  Groups,
  Public,
  Scopes,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';
import { refusal } from './support/refusals.js';

type Method = (...args: unknown[]) => unknown;

/** Puts a function in the place of a method that keeps nothing of it. */
function Traced(): MethodDecorator {
  return (_target, _name, descriptor: PropertyDescriptor) => {
    const method = descriptor.value as Method;
    descriptor.value = function traced(this: unknown, ...args: unknown[]) {
      return method.apply(this, args);
    };
  };
}

/** The routes that every controller here has. */
abstract class Orders {
  abstract list(): unknown;
  abstract status(): unknown;
}

@Controller()
class BoundController extends Orders {
  constructor() {
    super();
    this.list = this.list.bind(this);
    this.status = this.status.bind(this);
  }

  @Get('orders') @Groups('admin') list(): unknown {
    return { orders: [] };
  }

  @Get('status') @Public() status() {
    return { up: true };
  }
}

@Controller()
class InheritingController extends BoundController {}

@Controller()
class FieldController extends BoundController {
  override list = () => ({ orders: ['of a field'] });
}

@Controller()
class OverridingController extends BoundController {
  @Get('orders') override list() {
    return { orders: ['of a subclass'] };
  }

  @Authenticated() other() {}
}

@Controller()
class WrappedController extends Orders {
  @Get('orders') @Traced() @Groups('admin') list() {
    return { orders: [] };
  }

  @Get('status') @Traced() @Public() status() {
    return { up: true };
  }

  // So that Nest creates the guard, which it looks for on the methods of the class.
  @Get('other') @Authenticated() other() {}
}

@Controller()
class WrappedBetweenController extends Orders {
  @Get('orders') @Authenticated() @Traced() @Groups('admin') list() {
    return { orders: [] };
  }

  @Get('status') @Public() status() {
    return { up: true };
  }
}

@Controller()
class WrappedAboveController extends Orders {
  @Traced() @Groups('admin') @Get('unreachable') unreachable() {}

  @Get('orders') @Groups('admin') @Traced() list() {
    return { orders: [] };
  }

  @Get('status') @Public() @Traced() status() {
    return { up: true };
  }
}

@Controller()
class ReplacingController extends Orders implements OnModuleInit {
  onModuleInit() {
    this.list = () => ({ orders: ['replaced'] });
  }

  @Get('orders') @Groups('admin') list(): unknown {
    return { orders: [] };
  }

  @Get('status') @Public() status() {
    return { up: true };
  }
}

@Controller()
class PlainController extends Orders {
  @Get('orders') @Groups('admin') list() {
    return { orders: [] };
  }

  @Get('status') @Public() status() {
    return { up: true };
  }
}

@Controller({ scope: Scope.REQUEST })
class RequestScopedController extends BoundController {}

@Controller({ scope: Scope.REQUEST })
class RequestScopedPlainController extends PlainController {}

@Injectable({ scope: Scope.REQUEST, durable: true })
class Tenant {
  constructor(@Inject(REQUEST) readonly context: unknown) {}
}

@Controller()
class DurableController extends BoundController {
  constructor(@Inject(Tenant) readonly tenant: Tenant) {
    super();
  }
}

const CONTROLLERS: Type<Orders>[] = [
  BoundController,
  InheritingController,
  FieldController,
  OverridingController,
  WrappedController,
  WrappedBetweenController,
  WrappedAboveController,
  ReplacingController,
  RequestScopedController,
  DurableController,
];

const isOrders = (instance: unknown): instance is Orders => instance instanceof Orders;

/** What `instrument.instanceDecorator` may make of an instance. */
const DECORATORS: Record<string, (instance: Orders) => object> = {
  'a Proxy of its methods': (instance) =>
    new Proxy(instance, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        return typeof value === 'function' ? new Proxy(value, {}) : value;
      },
    }),
  'functions that tell nothing of what they stand for': (instance) =>
    new Proxy(instance, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => (value as Method).apply(target, args);
      },
    }),
  'new functions with the metadata of the methods': (instance) =>
    new Proxy(instance, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function') return value;
        const traced = (...args: unknown[]) => (value as Method).apply(target, args);
        for (const key of Reflect.getOwnMetadataKeys(value)) {
          Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, value), traced);
        }
        return traced;
      },
    }),
  'patched methods': (instance) => {
    for (const name of ['list', 'status'] as const) {
      const method: Method = instance[name];
      instance[name] = (...args: unknown[]) => method.apply(instance, args);
    }
    return instance;
  },
  'an object that inherits from it': (instance) =>
    Object.create(instance, {
      list: { value: () => instance.list() },
      status: { value: () => instance.status() },
    }) as object,
};

/** Shares what is durable among all requests. */
const oneTenant: ContextIdStrategy = {
  attach(contextId) {
    const tenant = ContextIdFactory.create();
    return (info) => (info.isTreeDurable ? tenant : contextId);
  },
};

let pool: LocalUserPool;
let admin: string;
let user: string;

beforeAll(async () => {
  ContextIdFactory.apply(oneTenant);
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }],
  });
  admin = pool.accessToken('alice');
  user = pool.accessToken('bob');
});

afterAll(() => ContextIdFactory.apply({ attach: (contextId) => () => contextId }));

interface Setup {
  protectAll?: boolean;
  providers?: Provider[];
  decorate?: (instance: Orders) => object;
}

async function start(
  adapter: Adapter,
  controller: Type,
  { protectAll = false, providers = [], decorate }: Setup = {},
): Promise<INestApplication> {
  @Module({
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), protectAll })],
    controllers: [controller],
    providers: [Tenant, ...providers],
  })
  class AppModule {}
  const server = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const instanceDecorator = (instance: unknown) =>
    isOrders(instance) && decorate ? decorate(instance) : instance;
  const app = await NestFactory.create(AppModule, server, {
    logger: false,
    abortOnError: false,
    instrument: { instanceDecorator },
  });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app;
}

async function expectRules(app: INestApplication): Promise<void> {
  expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  expect(await send(app, '/orders', user)).toMatchObject(refusal('insufficient_group'));
  expect(await send(app, '/orders', admin)).toMatchObject({ status: 200 });
  expect(await send(app, '/status')).toMatchObject({ status: 200, body: { up: true } });
}

function expectAudit(app: INestApplication, controller: Type<Orders>): void {
  expect(() => assertNoUnprotectedRoutes(app)).not.toThrow();
  const service = app.get(CognitoAuthService);
  const groups = { any: ['admin'] };
  const prototype = controller.prototype as Orders;
  const listing = service.routes().find(({ path }) => path === '/orders');
  expect(listing?.rules).toEqual({ mode: 'required', groups });
  // oxlint-disable-next-line typescript/unbound-method -- it is a key here
  expect(service.rulesOf(controller, prototype.list)).toEqual({ mode: 'required', groups });
  // oxlint-disable-next-line typescript/unbound-method -- it is a key here
  expect(service.rulesOf(controller, prototype.status)?.mode).toBe('public');
}

describe.each(ADAPTERS)('A handler that is not the method of its class, on %s', (adapter) => {
  describe.each([false, true])('with protectAll: %s', (protectAll) => {
    it.each(CONTROLLERS)('keeps the rules of a class: %o', async (controller) => {
      const app = await start(adapter, controller, { protectAll });
      await expectRules(app);
      expectAudit(app, controller);
    });

    describe.each(Object.entries(DECORATORS))('of an instanceDecorator: %s', (name, decorate) => {
      // What inherits from a bound instance has no routes: Nest does not look for them there.
      const isInheriting = name === 'an object that inherits from it';
      it.each([
        PlainController,
        WrappedController,
        WrappedBetweenController,
        RequestScopedPlainController,
        ...(isInheriting ? [] : [BoundController]),
      ])('keeps the rules of a class: %o', async (controller) => {
        const app = await start(adapter, controller, { protectAll, decorate });
        await expectRules(app);
        expectAudit(app, controller);
      });
    });
  });

  it('is the one that rulesOf() is asked about', async () => {
    const app = await start(adapter, BoundController);
    const list = Reflect.get(app.get(BoundController), 'list');
    const rules = app.get(CognitoAuthService).rulesOf(BoundController, list);
    expect(rules).toEqual({ mode: 'required', groups: { any: ['admin'] } });
  });
});

describe.each([false, true])('A rule that cannot be found, with protectAll: %s', (protectAll) => {
  it('stops the boot when two methods with other rules are one function', async () => {
    @Controller()
    class SwappedController {
      constructor() {
        // oxlint-disable-next-line typescript/unbound-method -- as careless code does
        this.remove = this.status;
      }

      @Get('orders') @Groups('admin') remove() {
        return {};
      }

      @Get('status') @Public() status() {
        return {};
      }
    }
    await expect(start('express', SwappedController, { protectAll })).rejects.toThrow(
      'The rule of SwappedController.remove is lost: Nest calls another function',
    );
  });

  it('stops the boot when a class decorator hides the class', async () => {
    const Hidden: ClassDecorator = (target) => new Proxy(target, {});
    @Groups('admin')
    @Controller()
    @Hidden
    class HiddenController {
      @Get('orders') list() {
        return {};
      }
    }
    await expect(start('express', HiddenController, { protectAll })).rejects.toThrow(
      'The rule of HiddenController is lost: its instances have another constructor',
    );
  });
});

describe('A rule below a decorator that wraps the method', () => {
  @Controller()
  class OnlyWrappedController {
    @Get('orders') @Traced() @Groups('admin') @Scopes('a') list() {
      return { orders: [] };
    }
  }

  it('stops the boot when Nest creates no guard for the class', async () => {
    await expect(start('express', OnlyWrappedController)).rejects.toThrow(
      'The rule of OnlyWrappedController.list is lost: Nest does not run CognitoGuard for it.',
    );
    await expect(start('express', OnlyWrappedController)).rejects.toThrow(
      'Write the rule above a decorator that wraps the method, or set the option "protectAll".',
    );
  });

  it('holds when the guard protects all', async () => {
    const app = await start('express', OnlyWrappedController, { protectAll: true });
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token', { scopes: ['a'] }));
    expect(await send(app, '/orders', admin)).toMatchObject(
      refusal('insufficient_scope', { scopes: ['a'] }),
    );
  });
});

describe.each(ADAPTERS)('A rule of a method that another overrides, on %s', (adapter) => {
  class BaseController {
    @Get('orders') @Groups('admin') list() {
      return { orders: ['base'] };
    }
  }

  @Controller()
  class OnlyOverridingController extends BaseController {
    @Get('orders') override list() {
      return { orders: ['sub'] };
    }
  }

  it('stops the boot when Nest creates no guard for the class, and says what to write', async () => {
    await expect(start(adapter, OnlyOverridingController)).rejects.toThrow(
      'The rule of OnlyOverridingController.list is lost: Nest does not run CognitoGuard for it. The method overrides one that has the rule, which Nest does not see: write the rule, or @Public(), on OnlyOverridingController.list as well, or set the option "protectAll".',
    );
  });

  it('holds with protectAll', async () => {
    const app = await start(adapter, OnlyOverridingController, { protectAll: true });
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/orders', user)).toMatchObject(refusal('insufficient_group'));
    expect(await send(app, '/orders', admin)).toMatchObject({ status: 200 });
  });

  it('gives way to @Public(), and holds with a rule, on the method', async () => {
    @Controller()
    class OpenController extends BaseController {
      @Get('orders') @Public() override list() {
        return { orders: ['open'] };
      }

      @Get('other') @Authenticated() other() {
        return {};
      }
    }
    const app = await start(adapter, OpenController);
    expect(await send(app, '/orders')).toMatchObject({ status: 200, body: { orders: ['open'] } });
    expect(await send(app, '/other')).toMatchObject(refusal('missing_token'));
  });
});

describe.each(ADAPTERS)('A rule that no transport of Nest serves, on %s', (adapter) => {
  @Injectable()
  class ReportService {
    @Groups('admin') create() {
      return {};
    }
  }

  class TracedReportService {
    @Traced() @Groups('admin') create() {
      return {};
    }
  }

  class StandIn extends PlainController {
    override list() {
      return { orders: [] };
    }
  }

  const standIn = Object.create(PlainController.prototype) as PlainController;

  it.each<[string, Provider]>([
    ['a controller, by useValue', { provide: PlainController, useValue: standIn }],
    ['a controller, by useFactory', { provide: PlainController, useFactory: () => new StandIn() }],
    ['a controller, by useClass', { provide: PlainController, useClass: StandIn }],
    ['a service, by useFactory', { provide: 'REPORTS', useFactory: () => new ReportService() }],
    ['a service, by useClass', { provide: 'REPORTS', useClass: ReportService }],
    ['a service whose method is wrapped', TracedReportService],
  ])('leaves the boot alone: %s', async (_, provider) => {
    // Without a rule, so that nothing in the module brings the guard.
    @Controller()
    class StatusController {
      @Get('status') status() {
        return { up: true };
      }
    }
    const app = await start(adapter, StatusController, { providers: [provider] });
    expect(await send(app, '/orders', admin)).toMatchObject({ status: 404 });
    expect(await send(app, '/status')).toMatchObject({ status: 200 });
  });
});

describe.each(ADAPTERS)('A guard that extends CognitoGuard, on %s', (adapter) => {
  @Injectable()
  class NobodyGuard extends CognitoGuard {
    override async canActivate(...call: Parameters<CognitoGuard['canActivate']>) {
      return (await super.canActivate(...call)) && false;
    }
  }

  class BaseController {
    @Get('orders') @UseGuards(NobodyGuard) list() {
      return {};
    }
  }

  @Controller()
  class OverridingGuardedController extends BaseController {
    @Get('orders') override list() {
      return {};
    }
  }

  const starting = (setup: Setup) => start(adapter, OverridingGuardedController, setup);

  it.each([false, true])(
    'stops the boot where Nest does not run it, whatever else protects all (protectAll: %s)',
    async (protectAll) => {
      await expect(starting({ protectAll })).rejects.toThrow(
        /The rule of OverridingGuardedController\.list is lost: Nest does not run NobodyGuard for it\. .* or make NobodyGuard a global guard: "protectAll" does not run it\.$/m,
      );
    },
  );

  it('runs as a global guard', async () => {
    const providers = [{ provide: APP_GUARD, useClass: NobodyGuard }];
    const app = await starting({ providers });
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/orders', admin)).toMatchObject({ status: 403 });
  });
});

describe.each(ADAPTERS)('A controller of a library, on %s', (adapter) => {
  /** Decorates its controller when an application starts, as several libraries do. */
  async function startWith(controller: Type, decorators: readonly ClassDecorator[]) {
    const library = {
      module: class LibraryModule {},
      controllers: [controller],
      providers: [
        {
          provide: 'decorated',
          useFactory: () => decorators.map((decorate) => void decorate(controller)),
        },
      ],
    };
    const auth = CognitoAuthModule.forRoot({ ...pool.options(), protectAll: true });
    return startApp(adapter, { imports: [auth, library] });
  }

  function createController(): Type {
    @Controller('webhook')
    class WebhookController {
      @Get() handle() {
        return {};
      }
    }
    return WebhookController;
  }

  it('may be decorated for each application of the process', async () => {
    const controller = createController();
    const shared = Public();
    const first = await startWith(controller, [shared]);
    const second = await startWith(controller, [Public()]);
    const third = await startWith(controller, [shared]);
    for (const app of [first, second, third]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await send(app, '/webhook')).toMatchObject({ status: 200 });
    }
  });

  it('may be decorated for a later application only', async () => {
    const controller = createController();
    const first = await startWith(controller, []);
    expect(await send(first, '/webhook')).toMatchObject(refusal('missing_token'));
    const second = await startWith(controller, [Public()]);
    expect(await send(second, '/webhook')).toMatchObject({ status: 200 });
    const third = await startWith(controller, [Groups('admin')]);
    expect(await send(third, '/webhook')).toMatchObject(refusal('missing_token'));
    expect(await send(third, '/webhook', user)).toMatchObject(refusal('insufficient_group'));
  });

  it('may be guarded for a later application only', async () => {
    const controller = createController();
    const first = await startWith(controller, [Public()]);
    expect(await send(first, '/webhook')).toMatchObject({ status: 200 });
    class LaterController extends controller {}
    Controller('webhook')(LaterController);
    const second = await startWith(LaterController, []);
    expect(await send(second, '/webhook')).toMatchObject({ status: 200 });
    const third = await startWith(LaterController, [UseGuards(CognitoGuard)]);
    expect(await send(third, '/webhook')).toMatchObject(refusal('missing_token'));
  });
});

/** What @opentelemetry/instrumentation-nestjs-core does to Nest, with and without metadata. */
function trace(copiesMetadata: boolean): void {
  const { prototype } = RouterExecutionContext;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'create') ?? {};
  const create = descriptor.value as (...call: unknown[]) => unknown;
  prototype.create = function createTraced(instance, callback, ...more) {
    const handler = callback as unknown as Method;
    const traced = (...args: unknown[]) => handler.apply(instance, args);
    for (const key of copiesMetadata ? Reflect.getMetadataKeys(handler) : []) {
      Reflect.defineMetadata(key, Reflect.getMetadata(key, handler), traced);
    }
    return create.call(this, instance, traced, ...more) as never;
  };
  onTestFinished(() => void Object.defineProperty(prototype, 'create', descriptor));
}

describe.each([false, true])('A tracer that changes Nest (copies metadata: %s)', (copies) => {
  it.each([PlainController, BoundController, RequestScopedController])(
    'leaves the rules of a class in place: %o',
    async (controller) => {
      trace(copies);
      const app = await start('express', controller);
      await expectRules(app);
      expectAudit(app, controller);
    },
  );
});
