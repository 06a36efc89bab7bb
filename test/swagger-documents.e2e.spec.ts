import { All, Body, Controller, Get, Post, Version, VersioningType } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import {
  ApiExcludeEndpoint,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiWebhook,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import type { OpenAPIObject, SwaggerDocumentOptions } from '@nestjs/swagger';
import { Groups, Public, Scopes } from 'nestjs-cognito-auth';
import { applyCognitoSecurity, setupCognitoSwagger } from 'nestjs-cognito-auth/swagger';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ADAPTERS,
  PROTECTED,
  createApp,
  createDocument,
  moduleOf,
  operationOf,
  securitiesOf,
  started,
} from './swagger-app.js';

afterEach(() => vi.restoreAllMocks());

@Controller('orders')
class OrdersController {
  @Get() @Groups('admin') list() {}

  @Post(':id') @Groups('admin') change() {}

  @Get('status') @Public() status() {}
}

type Paths = OpenAPIObject['paths'];

function renamed(paths: Paths, rename: (path: string) => string): Paths {
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [rename(path), item]));
}

describe('A document that is not of the application as it is', () => {
  it.each<[string, (app: INestApplication) => OpenAPIObject, string]>([
    [
      'was made before the prefix was set',
      (app) => {
        const document = createDocument(app);
        app.setGlobalPrefix('api');
        return document;
      },
      'GET /orders, POST /orders/{id}, GET /orders/status, and it lacks GET /api/orders',
    ],
    [
      'was made without the prefix',
      (app) => {
        app.setGlobalPrefix('api');
        return createDocument(app, undefined, { ignoreGlobalPrefix: true });
      },
      'GET /orders, POST /orders/{id}, GET /orders/status, and it lacks GET /api/orders',
    ],
    [
      'was made before versions were in the path',
      (app) => {
        const document = createDocument(app);
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
        return document;
      },
      'and it lacks GET /v1/orders',
    ],
    [
      'has other paths',
      (app) => {
        const document = createDocument(app);
        return { ...document, paths: renamed(document.paths, (path) => `/gateway${path}`) };
      },
      'GET /gateway/orders',
    ],
    [
      'has one other path, and no operation ids',
      (app) => {
        const document = createDocument(app, undefined, { operationIdFactory: () => '' });
        const rename = (path: string) => (path === '/orders' ? '/all-orders' : path);
        return { ...document, paths: renamed(document.paths, rename) };
      },
      'GET /all-orders, and it lacks GET /orders.',
    ],
    [
      'has a path twice',
      (app) => {
        const document = createDocument(app);
        const copies = structuredClone(document.paths);
        const rename = (path: string) => `/gateway${path}`;
        return { ...document, paths: { ...document.paths, ...renamed(copies, rename) } };
      },
      'GET /gateway/orders, POST /gateway/orders/{id}, GET /gateway/orders/status.',
    ],
    [
      'has another method',
      (app) => {
        const document = createDocument(app);
        const { get } = document.paths['/orders'] ?? {};
        document.paths['/orders'] = { put: get };
        return document;
      },
      'PUT /orders, and it lacks GET /orders.',
    ],
    [
      'has no responses',
      (app) => {
        const document = createDocument(app);
        delete (operationOf(document, '/orders') as { responses?: unknown }).responses;
        return document;
      },
      'GET /orders refuses: its "responses" were removed',
    ],
  ])('is refused, and stays as it was, when it %s', async (_what, documentOf, message) => {
    const app = await createApp({ controllers: [OrdersController] });
    const document = documentOf(app);
    const before = JSON.stringify(document);

    const apply = () => applyCognitoSecurity(app, document);

    expect(apply).toThrow(message);
    expect(apply).not.toThrow(TypeError);
    expect(JSON.stringify(document)).toBe(before);
  });

  it.each<[string, (document: OpenAPIObject) => unknown]>([
    ['a function', (document) => () => document],
    ['a promise', (document) => Promise.resolve(document)],
    ['nothing', () => undefined],
    ['a document whose paths were removed', ({ paths: _removed, ...document }) => document],
  ])('is refused when it is %s', async (_what, documentOf) => {
    const app = await createApp({ controllers: [OrdersController] });
    const document = documentOf(createDocument(app)) as OpenAPIObject;

    const apply = () => applyCognitoSecurity(app, document);

    expect(apply).toThrow('the document that SwaggerModule.createDocument() returned');
    expect(apply).not.toThrow(TypeError);
  });

  it.each(ADAPTERS)('is not served by %s when the prefix is set later', async (adapter) => {
    const app = await createApp({ controllers: [OrdersController] }, { adapter });
    setupCognitoSwagger(app, 'docs', new DocumentBuilder());
    app.setGlobalPrefix('api');
    const client = await started(app);

    await client.get('/api/orders').expect(401);
    await client.get('/docs-json').expect(500);
    await client.get('/docs-json').expect(500);
  });
});

describe('A document that has less or more than the application', () => {
  it('is taken when operations without a token have no responses', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const document = createDocument(app);
    delete (operationOf(document, '/orders/status') as { responses?: unknown }).responses;

    applyCognitoSecurity(app, document);

    expect(operationOf(document, '/orders/status')).toMatchObject({ security: [] });
  });

  it('is taken when paths say more than their operations', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const document = createDocument(app);
    const parameters = [{ name: 'lang', in: 'query' as const }];
    document.paths['/orders'] = { ...document.paths['/orders'], summary: 'Orders', parameters };
    document.paths['/elsewhere'] = undefined as never;

    applyCognitoSecurity(app, document);

    expect(document.paths['/orders']).toMatchObject({ summary: 'Orders', parameters });
    expect(operationOf(document, '/orders').security).toEqual(PROTECTED);
  });

  it('says what a handler asks for whose operation is written by hand', async () => {
    @Controller('files')
    class FilesController {
      @Post() @Groups('admin') @ApiExcludeEndpoint() upload() {}
    }
    const app = await createApp({ controllers: [FilesController, OrdersController] });
    const document = createDocument(app);
    document.paths['/files'] = { post: { responses: {} } };
    document.paths['/elsewhere'] = { post: { responses: {} } };

    applyCognitoSecurity(app, document);

    expect(operationOf(document, '/files', 'post')).toMatchObject({
      security: PROTECTED,
      'x-cognito-groups': ['admin'],
    });
    expect(operationOf(document, '/elsewhere', 'post')).toEqual({ responses: {} });
  });
});

describe('A path that @nestjs/swagger cannot read', () => {
  it('keeps nothing else from being found when its handler is excluded', async () => {
    @Controller('files')
    class FilesController {
      @Get(':name([a-z]+)') @Groups('admin') @ApiExcludeEndpoint() excluded() {}

      @Get('by-date/*date') @Groups('admin') found() {}
    }
    const app = await createApp({ controllers: [FilesController] }, { adapter: 'fastify' });
    const document = createDocument(app);
    document.paths['/elsewhere'] = { get: { responses: {} } };

    applyCognitoSecurity(app, document);

    expect(securitiesOf(document)).toEqual({
      'get /files/by-date/{date}': PROTECTED,
      'get /elsewhere': undefined,
    });
  });
});

describe('The options that a document was made with', () => {
  @Controller('cats')
  class CatsController {
    @Get() @Groups('keeper') list() {}
  }

  const cats = moduleOf({ controllers: [CatsController] });
  const zoo = moduleOf({ imports: [cats] });
  const all = {
    'get /orders': PROTECTED,
    'post /orders/{id}': PROTECTED,
    'get /orders/status': [],
    'get /cats': PROTECTED,
  };
  const onlyCats = { 'get /cats': PROTECTED };

  it.each<[string, SwaggerDocumentOptions, SwaggerDocumentOptions | undefined, object]>([
    ['modules', { include: [cats] }, { include: [cats] }, onlyCats],
    ['modules that are not named again', { include: [cats] }, undefined, onlyCats],
    ['fewer modules than it has', {}, { include: [zoo] }, all],
    [
      'the imports of modules',
      { include: [zoo], deepScanRoutes: true },
      { include: [zoo], deepScanRoutes: true },
      onlyCats,
    ],
    ['every module and its imports', { deepScanRoutes: true }, undefined, all],
    ['operation ids', { operationIdFactory: (_name, method) => method }, undefined, all],
    ['one operation id for all', { operationIdFactory: () => 'same' }, undefined, all],
  ])('may name %s', async (_what, made, applied, expected) => {
    const app = await createApp({ controllers: [OrdersController], imports: [zoo] });
    const document = createDocument(app, undefined, made);

    applyCognitoSecurity(app, document, applied);

    expect(securitiesOf(document)).toEqual(expected);
  });

  it.each(['api', '/api/', 'api/v2'])('may leave out the prefix %s', async (prefix) => {
    @Controller()
    class RootController {
      @Get() @Groups('admin') read() {}

      @Get('api/open') @Public() open() {}
    }
    const app = await createApp({ controllers: [OrdersController, RootController] });
    app.setGlobalPrefix(prefix, { exclude: ['api/open'] });
    const options = { ignoreGlobalPrefix: true };
    const document = createDocument(app, undefined, options);

    applyCognitoSecurity(app, document, options);

    expect(securitiesOf(document)).toEqual({
      'get /': PROTECTED,
      'get /api/open': [],
      'get /orders': PROTECTED,
      'post /orders/{id}': PROTECTED,
      'get /orders/status': [],
    });
  });

  it.each<[string, SwaggerDocumentOptions]>([
    ['modules', { include: [cats] }],
    ['decorated operations only', { onlyIncludeDecoratedEndpoints: true }],
  ])('may name %s beside an operation of another service', async (_what, options) => {
    const app = await createApp({ controllers: [OrdersController], imports: [zoo] });
    const document = createDocument(app, undefined, options);
    document.paths['/billing'] = { get: { responses: {} } };
    const ofOurs = options.include ? onlyCats : {};

    applyCognitoSecurity(app, document, options);

    expect(securitiesOf(document)).toEqual({ ...ofOurs, 'get /billing': undefined });
  });

  it('still count where such a document lacks an operation', async () => {
    const app = await createApp({ controllers: [OrdersController], imports: [zoo] });
    const options = { include: [cats] };
    const { '/cats': list, ...paths } = createDocument(app, undefined, options).paths;
    const document = { ...createDocument(app), paths: { ...paths, '/kittens': list ?? {} } };

    expect(() => applyCognitoSecurity(app, document, options)).toThrow(
      'no handler serves its GET /kittens, and it lacks GET /cats.',
    );
  });

  it('may differ between several documents of one application', async () => {
    const app = await createApp({ controllers: [OrdersController], imports: [zoo] });
    const documentWith = (options: SwaggerDocumentOptions) =>
      applyCognitoSecurity(app, createDocument(app, undefined, options), options);

    const [one, other] = [documentWith({ include: [cats] }), documentWith({})];

    expect(securitiesOf(one)).toEqual(onlyCats);
    expect(securitiesOf(other)).toEqual(all);
  });
});

describe.each(ADAPTERS)('The paths that %s knows', (adapter) => {
  it('are found however documents write them', async () => {
    @Controller('files')
    class FilesController {
      @Get('*path') @Groups('admin') all() {}

      @Get('list{/:page}') @Groups('admin') page() {}

      @Get('from/:from-:to') @Groups('admin') range() {}

      @Get(':name.json') @Groups('admin') json() {}

      @Get('open/*path') @Public() open() {}

      @All() @Scopes('files/all') any() {}
    }
    const app = await createApp({ controllers: [FilesController] }, { adapter });
    const document = applyCognitoSecurity(app, createDocument(app));
    const { 'get /files': any, ...gets } = Object.fromEntries(
      Object.entries(securitiesOf(document)).filter(([name]) => name.startsWith('get ')),
    );

    expect(any).toEqual([{ cognito: ['files/all'] }]);
    expect(Object.keys(gets)).toHaveLength(5);
    for (const [name, security] of Object.entries(gets)) {
      expect([name, security]).toEqual([name, name.includes('open') ? [] : PROTECTED]);
    }
  });

  it('are asked of swagger once for all that differ in their words only', async () => {
    @Controller('files')
    class FilesController {
      @Get('pages{/:page}') @Groups('admin') pages() {}

      @Get('open{/:w0_}') @Public() open() {}

      @Get('w1_{/:page}/2024') @Groups('admin') year() {}

      @Get('by{/:first}{/:second}') @Groups('admin') two() {}
    }
    const app = await createApp({ controllers: [FilesController] }, { adapter });
    const document = createDocument(app);
    const paths = Object.keys(document.paths);
    const asked = vi.spyOn(SwaggerModule, 'createDocument');

    applyCognitoSecurity(app, document);

    expect(Object.keys(document.paths)).toEqual(paths);
    expect(Object.values(securitiesOf(document))).toEqual([PROTECTED, [], PROTECTED, PROTECTED]);
    expect(asked).toHaveBeenCalledTimes(1);
    expect(Object.keys(asked.mock.results[0]?.value.paths)).toHaveLength(3);
  });

  it('are told apart where two are written alike', async () => {
    @Controller('files')
    class FilesController {
      @Get('one/*path') @Groups('admin') wildcard() {}

      @Get('one{/:path}') @Public() optional() {}
    }
    const app = await createApp({ controllers: [FilesController] }, { adapter });

    const document = applyCognitoSecurity(app, createDocument(app));

    expect(securitiesOf(document)).toEqual({ 'get /files/one/{path}': PROTECTED });
  });

  it.each([VersioningType.HEADER, VersioningType.MEDIA_TYPE, VersioningType.CUSTOM])(
    'say the strictest of versions that are not in them (%i)',
    async (type) => {
      @Controller({ path: 'cats', version: '1' })
      class OldController {
        @Get('*path') @Groups('admin') list() {}

        @Get('count') @Groups('admin') count() {}
      }

      @Controller('cats')
      class NewController {
        @Get('*path') @Version(['2', '3']) @Public() list() {}

        @Get('count') @Version('2') @Public() count() {}
      }
      const app = await createApp({ controllers: [OldController, NewController] }, { adapter });
      app.enableVersioning({ type, header: 'X-Version', key: 'v=', extractor: () => '1' });

      const document = applyCognitoSecurity(app, createDocument(app));

      expect(Object.values(securitiesOf(document))).toEqual([PROTECTED, PROTECTED]);
    },
  );
});

describe('Webhooks', () => {
  @Controller('hooks')
  class HooksController {
    @Post('paid') @Groups('admin') @ApiWebhook('paid') paid() {}

    @Get() @Groups('admin') list() {}
  }

  it('need a token where they are paths, and are left alone where they are not', async () => {
    const app = await createApp({ controllers: [HooksController] });
    const documentOf = (version: '3.0.0' | '3.1.0') =>
      createDocument(app, new DocumentBuilder().setOpenAPIVersion(version));
    const inPaths = documentOf('3.0.0');
    const apart = documentOf('3.1.0');
    apart.paths['/elsewhere'] = { get: { responses: {} } };

    applyCognitoSecurity(app, inPaths);
    applyCognitoSecurity(app, apart);

    expect(securitiesOf(inPaths)).toEqual({
      'post /hooks/paid': PROTECTED,
      'get /hooks': PROTECTED,
    });
    expect(securitiesOf(apart)).toEqual({ 'get /hooks': PROTECTED, 'get /elsewhere': undefined });
    expect(apart.webhooks?.['paid']).not.toHaveProperty('post.security');
  });
});

describe('The models of an application', () => {
  let explored = 0;

  class Cat {
    @ApiProperty({
      type: () => {
        explored += 1;
        return [Cat];
      },
    })
    kittens!: Cat[];
  }

  const controllerOf = (path: string): Type => {
    @Controller(path)
    class CatsController {
      @Post() @Groups('admin') create(@Body() _cat: Cat) {}

      @Get('*path') @Groups('admin') @ApiOkResponse({ type: [Cat] }) list() {}

      @Get(':id') @Groups('admin') @ApiOperation({ summary: 'One' }) read() {}
    }
    return CatsController;
  };

  it('are explored once, by the one document that is made', async () => {
    const app = await createApp({ controllers: ['a', 'b', 'c'].map(controllerOf) });
    createDocument(app);
    explored = 0;
    createDocument(app);
    const once = explored;
    explored = 0;

    setupCognitoSwagger(app, 'docs', new DocumentBuilder());
    const client = await started(app);
    await client.get('/docs-json').expect(200);
    await client.get('/docs/swagger-ui-init.js').expect(200);

    expect(once).toBeGreaterThan(0);
    expect(explored).toBe(once);
  });

  it('are not looked at to find the handlers of an operation', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const document = createDocument(app);
    const documents = vi.spyOn(SwaggerModule, 'createDocument');

    applyCognitoSecurity(app, document);

    expect(documents).not.toHaveBeenCalled();
  });

  it('make a document once, and not again for the first request', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const documents = vi.spyOn(SwaggerModule, 'createDocument');
    const document = setupCognitoSwagger(app, 'docs', new DocumentBuilder());
    const { get } = document.paths['/orders'] ?? {};
    const client = await started(app);

    await client.get('/docs-json').expect(200);

    expect(documents).toHaveBeenCalledTimes(1);
    expect(document.paths['/orders']?.get).toBe(get);
  });
});
