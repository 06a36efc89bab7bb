import {
  All,
  Controller,
  Get,
  Param,
  Post,
  RequestMethod,
  Scope,
  UseGuards,
  Version,
  VersioningType,
} from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { APP_GUARD, RouterModule } from '@nestjs/core';
import {
  ApiBody,
  ApiExcludeController,
  ApiExcludeEndpoint,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  DocumentBuilder,
} from '@nestjs/swagger';
import type { SwaggerDocumentOptions } from '@nestjs/swagger';
import {
  Authenticated,
  CognitoGuard,
  Groups,
  OptionalAuth,
  Public,
  Scopes,
} from 'nestjs-cognito-auth';
import { applyCognitoSecurity, setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import { describe, expect, it } from 'vitest';
import {
  ADAPTERS,
  PROTECTED,
  createApp,
  createAppOf,
  createDocument,
  documentOf,
  moduleOf,
  operationOf,
  securitiesOf,
  started,
} from './swagger-app.js';

describe('The global guards that applyCognitoSecurity() knows', () => {
  @Controller('things')
  class ThingsController {
    @Get() list() {}

    @Get('open') @Public() open() {}
  }

  const everything = { 'get /things': PROTECTED, 'get /things/open': [] };

  it('knows protectAll', async () => {
    const document = await documentOf([ThingsController], { protectAll: true });

    expect(securitiesOf(document)).toEqual(everything);
  });

  it('knows a guard from useGlobalGuards()', async () => {
    const document = await documentOf([ThingsController], {
      configure: (app) => app.useGlobalGuards(app.get(CognitoGuard)),
    });

    expect(securitiesOf(document)).toEqual(everything);
  });

  it('does not take one for global that came when the routes were bound', async () => {
    let app: INestApplication | undefined;
    const late = { onModuleInit: () => app?.useGlobalGuards(app.get(CognitoGuard)) };
    const providers = [{ provide: 'LATE', useValue: late }];
    app = await createApp({ controllers: [ThingsController], providers });
    await (await started(app)).get('/things').expect(200);

    expect(securitiesOf(applyCognitoSecurity(app, createDocument(app)))).toEqual({
      'get /things': [],
      'get /things/open': [],
    });
  });

  it.each([Scope.DEFAULT, Scope.REQUEST])('knows an APP_GUARD of scope %i', async (scope) => {
    class OwnGuard extends CognitoGuard {}
    const app = await createApp({
      controllers: [ThingsController],
      providers: [{ provide: APP_GUARD, useClass: OwnGuard, scope }],
    });

    expect(securitiesOf(applyCognitoSecurity(app, createDocument(app)))).toEqual(everything);
  });

  it('refuses an application without the module', async () => {
    const app = await createAppOf(moduleOf({ controllers: [ThingsController] }));

    expect(() => applyCognitoSecurity(app, createDocument(app))).toThrow('CognitoAuthService');
  });
});

describe('The handlers that applyCognitoSecurity() finds', () => {
  class BaseController {
    @Get() list() {}

    @Get('secret') @Groups('admin') secret() {}
  }

  it('tells controllers apart that inherit the same handler', async () => {
    @Controller('guarded')
    @Authenticated()
    class GuardedController extends BaseController {}

    @Controller('open')
    class OpenController extends BaseController {}

    const document = await documentOf([GuardedController, OpenController]);

    expect(securitiesOf(document)).toEqual({
      'get /guarded': PROTECTED,
      'get /guarded/secret': PROTECTED,
      'get /open': [],
      'get /open/secret': PROTECTED,
    });
  });

  it('tells classes apart that have the same name and handlers', async () => {
    const crudOf = (path: string, decorate: ClassDecorator): Type => {
      @Controller(path)
      @decorate
      class CrudController extends BaseController {}
      return CrudController;
    };

    const document = await documentOf([
      crudOf('cats', () => undefined),
      crudOf('dogs', Authenticated()),
      crudOf('birds', Public()),
    ]);

    expect(securitiesOf(document)).toMatchObject({
      'get /cats': [],
      'get /dogs': PROTECTED,
      'get /birds': [],
      'get /birds/secret': PROTECTED,
    });
  });

  @Controller(['one', 'two'])
  class ManyPathsController {
    @Get(['a', 'b/:id']) @Groups('admin') many() {}

    @All('all') @Authenticated() all() {}

    @Get('open') open() {}

    notARoute() {}
  }

  it('finds every path and method of a handler', async () => {
    const document = await documentOf([ManyPathsController]);
    const securities = securitiesOf(document);

    for (const controller of ['one', 'two']) {
      expect(securities).toMatchObject({
        [`get /${controller}/a`]: PROTECTED,
        [`get /${controller}/b/{id}`]: PROTECTED,
        [`get /${controller}/open`]: [],
        [`get /${controller}/all`]: PROTECTED,
        [`post /${controller}/all`]: PROTECTED,
        [`delete /${controller}/all`]: PROTECTED,
      });
    }
    expect(Object.values(securities)).not.toContain(undefined);
  });

  it('does not depend on operation ids, which authors choose', async () => {
    @Controller()
    class NamedController {
      @Get('first') @Groups('admin') @ApiOperation({ operationId: 'same' }) first() {}

      @Get('second') @ApiOperation({ operationId: 'same' }) second() {}
    }

    const document = await documentOf([NamedController]);

    expect(securitiesOf(document)).toEqual({ 'get /first': PROTECTED, 'get /second': [] });
  });

  it('leaves alone a factory of operation ids that takes no name twice', async () => {
    @Controller()
    class AnyController {
      @Get('route') @Authenticated() handle() {}
    }
    const app = await createApp({ controllers: [AnyController] });
    const taken = new Set<string>();
    const operationIdFactory = (_controller: string, method: string) => {
      if (taken.has(method)) throw new Error(`"${method}" is taken`);
      taken.add(method);
      return method;
    };
    const document = createDocument(app, undefined, { operationIdFactory });

    applyCognitoSecurity(app, document, { operationIdFactory });

    expect(operationOf(document, '/route')).toMatchObject({
      operationId: 'handle',
      security: PROTECTED,
    });
  });

  it('follows the prefix and what is excluded from it', async () => {
    @Controller()
    class RootController {
      @Get('health') @Public() health() {}

      @Get('me') @Authenticated() me() {}
    }

    const document = await documentOf([RootController], {
      configure: (app) =>
        app.setGlobalPrefix('api', { exclude: [{ path: 'health', method: RequestMethod.GET }] }),
    });

    expect(securitiesOf(document)).toEqual({ 'get /health': [], 'get /api/me': PROTECTED });
  });

  it('follows the paths of modules', async () => {
    @Controller('users')
    class UsersController {
      @Get() @Authenticated() list() {}
    }
    const admin = moduleOf({ controllers: [UsersController] });
    const app = await createApp({
      imports: [admin, RouterModule.register([{ path: 'admin', module: admin }])],
    });

    const document = applyCognitoSecurity(app, createDocument(app));

    expect(securitiesOf(document)).toEqual({ 'get /admin/users': PROTECTED });
  });

  it('follows versions in the path', async () => {
    @Controller({ path: 'cats', version: ['1', '2'] })
    class CatsController {
      @Get() @Authenticated() list() {}

      @Get() @Version('3') @Public() listPublicly() {}
    }

    const document = await documentOf([CatsController], {
      configure: (app) => app.enableVersioning({ type: VersioningType.URI }),
    });

    expect(securitiesOf(document)).toEqual({
      'get /v1/cats': PROTECTED,
      'get /v2/cats': PROTECTED,
      'get /v3/cats': [],
    });
  });

  it.each<[string, MethodDecorator, MethodDecorator]>([
    ['first', Groups('admin'), Public()],
    ['last', Public(), Groups('admin')],
  ])(
    'counts the strictest version that shares a path, when it is %s',
    async (_place, decorateFirst, decorateLast) => {
      @Controller('cats')
      class CatsController {
        @Get() @Version('1') @decorateFirst first() {}

        @Get() @Version('2') @decorateLast last() {}
      }

      const document = await documentOf([CatsController], {
        configure: (app) =>
          app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
      });

      expect(operationOf(document, '/cats')).toMatchObject({
        security: PROTECTED,
        description: 'Requires group: admin',
      });
    },
  );

  it('describes the version that swagger documents when all need a token', async () => {
    @Controller('cats')
    class CatsController {
      @Get() @Version('1') @Groups('admin') @ApiOperation({ summary: 'Old' }) old() {}

      @Get() @Version('2') @Groups('keeper') @ApiOperation({ summary: 'New' }) current() {}
    }

    const document = await documentOf([CatsController], {
      configure: (app) =>
        app.enableVersioning({ type: VersioningType.HEADER, header: 'X-Version' }),
    });

    expect(operationOf(document, '/cats')).toMatchObject({
      summary: 'New',
      description: 'Requires group: keeper',
    });
  });

  it('counts the handler that answers when two claim the same route', async () => {
    @Controller('same')
    class AnsweringController {
      @Get() @Authenticated() read() {}
    }

    @Controller('same')
    class DocumentedController {
      @Get() @Public() @ApiOperation({ summary: 'Never reached' }) read() {}
    }
    const app = await createApp({ controllers: [AnsweringController, DocumentedController] });

    const document = applyCognitoSecurity(app, createDocument(app));

    expect(operationOf(document, '/same')).toMatchObject({
      summary: 'Never reached',
      security: PROTECTED,
    });
    await (await started(app)).get('/same').expect(401);
  });

  it('follows the options of the document', async () => {
    @Controller('cats')
    class OldCatsController {
      @Get() @Groups('admin') list() {}
    }

    @Controller('cats')
    class NewCatsController {
      @Get() @Public() list() {}
    }

    @Controller('cats')
    @ApiExcludeController()
    class HiddenCatsController {
      @Get() @Groups('hidden') list() {}
    }

    @Controller('cats')
    class OtherHiddenCatsController {
      @Get() @Groups('hidden') @ApiExcludeEndpoint() list() {}
    }
    const old = moduleOf({ controllers: [OldCatsController] });
    const current = moduleOf({
      controllers: [NewCatsController, HiddenCatsController, OtherHiddenCatsController],
    });
    const parent = moduleOf({ imports: [current] });
    const app = await createApp({ imports: [old, parent] });
    const described = (options: SwaggerDocumentOptions) =>
      securitiesOf(applyCognitoSecurity(app, createDocument(app, undefined, options), options));

    expect(described({ include: [old] })).toEqual({ 'get /cats': PROTECTED });
    expect(described({ include: [current] })).toEqual({ 'get /cats': [] });
    expect(described({ include: [parent], deepScanRoutes: true })).toEqual({ 'get /cats': [] });
  });

  it('knows controllers that are made for each request', async () => {
    @Controller({ path: 'mine', scope: Scope.REQUEST })
    class RequestController {
      @Get() @Groups('admin') read() {}
    }

    const document = await documentOf([RequestController]);

    expect(securitiesOf(document)).toEqual({ 'get /mine': PROTECTED });
  });

  it('is not disturbed by models and parameters', async () => {
    class Cat {
      @ApiProperty({ type: () => [Cat] }) kittens!: Cat[];
    }

    @Controller('cats')
    class CatsController {
      @Post(':id')
      @Groups('admin')
      @ApiBody({ type: Cat })
      @ApiResponse({ status: 201, type: [Cat] })
      create(@Param('id') _id: string) {}
    }

    const document = await documentOf([CatsController]);

    expect(operationOf(document, '/cats/{id}', 'post')).toMatchObject({
      security: PROTECTED,
      requestBody: { content: { 'application/json': { schema: { $ref: expect.anything() } } } },
      parameters: [{ name: 'id', in: 'path' }],
    });
  });
});

describe.each(ADAPTERS)('The document of an application on %s', (adapter) => {
  class BaseController {
    @Get('inherited') inherited() {}

    @Get('admin') @Groups('admin') admin() {}
  }

  @Controller('plain')
  class PlainController extends BaseController {
    @Get('public') @Public() public() {}

    @Get('optional') @OptionalAuth() optional() {}
  }

  @Controller(['guarded', 'also-guarded'])
  @UseGuards(CognitoGuard)
  class GuardedController extends BaseController {
    @Get(['a/:id', 'b']) many() {}

    @All('all') @Public() all() {}

    @All('everything') everything() {}
  }

  @Controller({ path: 'versioned', version: '2' })
  class VersionedController {
    @Get() @Scopes('orders/read') list() {}

    @Get('open') @Version(['1', '2']) open() {}
  }

  // Nest calls a function that has no metadata; the rules of the method hold for it, too.
  @Controller('bound')
  class BoundController {
    constructor() {
      this.read = this.read.bind(this);
    }

    @Get() @Authenticated() read() {}
  }

  const controllers = [PlainController, GuardedController, VersionedController, BoundController];

  it.each([
    ['its controllers', false],
    ['everything', true],
  ])('says where a token is needed when it guards %s', async (_what, protectAll) => {
    const app = await createApp({ controllers }, { adapter, protectAll });
    app.setGlobalPrefix('api', { exclude: ['plain/public'] });
    app.enableVersioning({ type: VersioningType.URI });
    const document = setupCognitoSwagger(app, 'docs', new DocumentBuilder());
    const client = await started(app);
    const documented: Record<string, boolean> = {};
    const enforced: Record<string, boolean> = {};

    for (const [path, item] of Object.entries(document.paths)) {
      for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
        const operation = item[method];
        if (!operation) continue;
        const { security = [] } = operation;
        const { status } = await client[method](path.replace('{id}', '1'));
        expect([200, 201, 401]).toContain(status);
        const needsToken = security.length > 0 && security.every((one) => 'cognito' in one);
        documented[`${method} ${path}`] = needsToken;
        enforced[`${method} ${path}`] = status === 401;
      }
    }

    expect(documented).toEqual(enforced);
    expect(new Set(Object.values(documented))).toEqual(new Set([true, false]));
    expect(Object.keys(documented).length).toBeGreaterThan(25);
  });
});
