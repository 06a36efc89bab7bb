import {
  All,
  Controller,
  Delete,
  Get,
  Module,
  Patch,
  Post,
  Put,
  RequestMethod,
  Sse,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import {
  Authenticated,
  CognitoAuthModule,
  CognitoAuthService,
  Groups,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
} from 'nestjs-cognito-auth';
import type { RouteInfo } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { of } from 'rxjs';
import request from 'supertest';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../support/app.js';
import type { Adapter } from '../support/app.js';

let pool: LocalUserPool;

beforeAll(async () => {
  pool = await LocalUserPool.create();
});

type Configure = (app: INestApplication) => void;

/** What a route is, in one line: `GET /orders (2) Orders.list`. */
function lineOf({ method, path, versions, controller, handler }: RouteInfo): string {
  const version = versions ? ` (${versions.join(', ')})` : '';
  return `${method} ${path}${version} ${controller.name}.${handler}`;
}

/** Answers with the name of the handler, so that a request tells where it arrived. */
function here(controller: object, handler: string) {
  return { arrived: `${controller.constructor.name}.${handler}` };
}

async function startWith(adapter: Adapter, metadata: ModuleMetadata, configure?: Configure) {
  const imports = [CognitoAuthModule.forRoot(pool.options()), ...(metadata.imports ?? [])];
  const app = await startApp(adapter, { ...metadata, imports }, { configure });
  return { app, routes: app.get(CognitoAuthService).routes() };
}

/** Sends a request to every route, and expects each to arrive where the inventory says. */
async function expectServed(app: INestApplication, routes: readonly RouteInfo[]) {
  const url = await app.getUrl();
  for (const route of routes) {
    const { method, path, versions = ['none'], controller, handler } = route;
    const address = path.replace(/[{}]/g, '').replace(/:\w+|\*\w*/g, 'anything');
    const verb = (method === 'ALL' ? 'put' : method.toLowerCase()) as 'get';
    for (const version of versions) {
      const headers = version === 'none' || version === 'neutral' ? {} : { 'x-version': version };
      const { status, text } = await request(url)[verb](address).set(headers);
      expect([lineOf(route), version, status]).toEqual([
        lineOf(route),
        version,
        method === 'POST' ? 201 : 200,
      ]);
      expect(text).toContain(`${controller.name}.${handler}`);
    }
  }
}

@Controller()
class RootController {
  @Get()
  root() {
    return here(this, 'root');
  }

  @Post()
  post() {
    return here(this, 'post');
  }
}

@Controller(['cats', '/felines/'])
class CatsController {
  @Get()
  list() {
    return here(this, 'list');
  }

  @Get([':id', '/by-name/:name/'])
  one() {
    return here(this, 'one');
  }

  @Put(':id')
  put() {
    return here(this, 'put');
  }

  @Patch(':id')
  patch() {
    return here(this, 'patch');
  }

  @Delete(':id')
  delete() {
    return here(this, 'delete');
  }

  /** No route: without a decorator. */
  helper() {
    return here(this, 'helper');
  }

  /** No route: with a decorator that makes none. */
  @Authenticated()
  message() {
    return here(this, 'message');
  }
}

@Controller('files')
class FilesController {
  @All('any')
  any() {
    return here(this, 'any');
  }

  @Sse('events')
  events() {
    return of({ data: here(this, 'events') });
  }
}

const CATS = ['cats', 'felines'].flatMap((name) => [
  `GET /${name} CatsController.list`,
  `GET /${name}/:id CatsController.one`,
  `GET /${name}/by-name/:name CatsController.one`,
  `PUT /${name}/:id CatsController.put`,
  `PATCH /${name}/:id CatsController.patch`,
  `DELETE /${name}/:id CatsController.delete`,
]);

const PLAIN = [
  'GET / RootController.root',
  'POST / RootController.post',
  ...CATS,
  'ALL /files/any FilesController.any',
  'GET /files/events FilesController.events',
];

abstract class ReadingController {
  @Get()
  list() {
    return here(this, 'list');
  }

  @Get('one')
  one() {
    return here(this, 'one');
  }

  @Get('gone')
  gone() {
    return here(this, 'gone');
  }
}

@Controller('birds')
class BirdsController extends ReadingController {
  @Get('single')
  override one() {
    return here(this, 'one');
  }

  /** Nest sees no route where the decorator is not repeated. */
  override gone() {
    return here(this, 'gone');
  }
}

@Controller('fish')
class FishController extends ReadingController {}

@Module({ controllers: [RootController] })
class InnerModule {}

@Module({ controllers: [FishController] })
class OuterModule {}

@Module({ controllers: [FishController] })
class OtherModule {}

@Controller({ path: 'stones', version: '1' })
class StonesController {
  @Get()
  list() {
    return here(this, 'list');
  }

  @Get('many')
  @Version(['2', '3'])
  many() {
    return here(this, 'many');
  }

  @Get('neutral')
  @Version(VERSION_NEUTRAL)
  neutral() {
    return here(this, 'neutral');
  }
}

@Controller('pebbles')
class PebblesController {
  @Get()
  list() {
    return here(this, 'list');
  }
}

const versioned = { controllers: [StonesController, PebblesController] };
const plain = { controllers: [RootController, CatsController, FilesController] };

const APPLICATIONS: [string, ModuleMetadata, Configure | undefined, string[]][] = [
  ['of an application without more', plain, undefined, PLAIN],
  [
    'with a global prefix',
    plain,
    (app) => app.setGlobalPrefix('/api/'),
    PLAIN.map((line) => line.replace(' /', ' /api/').replace('/ ', ' ')),
  ],
  [
    'with a global prefix and exceptions from it',
    plain,
    (app) =>
      app.setGlobalPrefix('api', {
        exclude: ['cats', { path: 'felines/:id', method: RequestMethod.PUT }],
      }),
    PLAIN.map((line) =>
      /^GET \/cats |^PUT \/felines/.test(line)
        ? line
        : line.replace(' /', ' /api/').replace('/ ', ' '),
    ),
  ],
  [
    'that controllers inherit',
    { controllers: [BirdsController, FishController] },
    undefined,
    [
      'GET /birds/single BirdsController.one',
      'GET /birds BirdsController.list',
      'GET /fish FishController.list',
      'GET /fish/one FishController.one',
      'GET /fish/gone FishController.gone',
    ],
  ],
  [
    'under the paths of RouterModule',
    {
      imports: [
        OuterModule,
        InnerModule,
        OtherModule,
        RouterModule.register([
          {
            path: 'outer',
            module: OuterModule,
            children: [{ path: ':inner', module: InnerModule }],
          },
          { path: '/other/', module: OtherModule },
        ]),
      ],
    },
    undefined,
    [
      'GET /outer/fish FishController.list',
      'GET /outer/fish/one FishController.one',
      'GET /outer/fish/gone FishController.gone',
      'GET /outer/:inner RootController.root',
      'POST /outer/:inner RootController.post',
      'GET /other/fish FishController.list',
      'GET /other/fish/one FishController.one',
      'GET /other/fish/gone FishController.gone',
    ],
  ],
  [
    'with versions in the path',
    versioned,
    (app) => app.enableVersioning({ type: VersioningType.URI }),
    [
      'GET /v1/stones StonesController.list',
      'GET /v2/stones/many StonesController.many',
      'GET /v3/stones/many StonesController.many',
      'GET /stones/neutral StonesController.neutral',
      'GET /pebbles PebblesController.list',
    ],
  ],
  [
    'with versions in the path, a prefix of theirs, a default, and a global prefix',
    versioned,
    (app) => {
      app.setGlobalPrefix('api', { exclude: ['stones/neutral', 'stones/many'] });
      app.enableVersioning({
        type: VersioningType.URI,
        prefix: 'version-',
        defaultVersion: ['1', VERSION_NEUTRAL],
      });
    },
    [
      'GET /api/version-1/stones StonesController.list',
      'GET /version-2/stones/many StonesController.many',
      'GET /version-3/stones/many StonesController.many',
      'GET /stones/neutral StonesController.neutral',
      'GET /api/version-1/pebbles PebblesController.list',
      'GET /api/pebbles PebblesController.list',
    ],
  ],
  [
    'with versions in a header',
    versioned,
    (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    [
      'GET /stones (1) StonesController.list',
      'GET /stones/many (2, 3) StonesController.many',
      'GET /stones/neutral (neutral) StonesController.neutral',
      'GET /pebbles PebblesController.list',
    ],
  ],
  [
    'with versions in a header and a default',
    versioned,
    (app) =>
      app.enableVersioning({
        type: VersioningType.CUSTOM,
        defaultVersion: '4',
        extractor: (incoming) =>
          (incoming as { headers: Record<string, string | undefined> }).headers['x-version'] ?? '',
      }),
    [
      'GET /stones (1) StonesController.list',
      'GET /stones/many (2, 3) StonesController.many',
      'GET /stones/neutral (neutral) StonesController.neutral',
      'GET /pebbles (4) PebblesController.list',
    ],
  ],
  [
    'whose versions nobody enabled',
    versioned,
    undefined,
    [
      'GET /stones StonesController.list',
      'GET /stones/many StonesController.many',
      'GET /stones/neutral StonesController.neutral',
      'GET /pebbles PebblesController.list',
    ],
  ],
];

describe.each(ADAPTERS)('CognitoAuthService.routes() on %s', (adapter) => {
  it.each(APPLICATIONS)(
    'lists the routes %s, as they are served',
    async (_, metadata, configure, lines) => {
      const { app, routes } = await startWith(adapter, metadata, configure);
      expect(routes.map(lineOf).toSorted()).toEqual(lines.toSorted());
      await expectServed(app, routes);
    },
  );

  it('lists wildcards and optional segments as they are written', async () => {
    const isExpress = adapter === 'express';
    const [tree, optional] = isExpress ? ['*path', '{/:part}'] : ['*', '/:part'];
    @Controller('files')
    class TreeController {
      @Get(`tree/${tree}`)
      tree() {
        return here(this, 'tree');
      }

      @Get(optional)
      optional() {
        return here(this, 'optional');
      }
    }
    const { app, routes } = await startWith(adapter, { controllers: [TreeController] });
    expect(routes.map(lineOf)).toEqual([
      `GET /files/tree/${tree} TreeController.tree`,
      `GET /files${optional} TreeController.optional`,
    ]);
    await expectServed(app, routes);
  });

  it('tells what each route asks for', async () => {
    @Controller('orders')
    @Scopes('orders/read')
    class OrdersController {
      @Get()
      list() {}

      @Post()
      @Groups('admin')
      @Scopes({ any: ['orders/write', 'orders/all'] })
      create() {}

      @Get('public')
      @Public()
      public() {}

      @Get('optional')
      @OptionalAuth()
      optional() {}
    }
    @Controller('others')
    class OthersController {
      @Get()
      @Permissions('others:read')
      list() {}

      @Get('authenticated')
      @Authenticated()
      authenticated() {}

      @Get('public')
      @Public()
      public() {}

      @Get('open')
      open() {}
    }
    const permissions = { useValue: { permissionsOf: () => [] } };
    const imports = [CognitoAuthModule.forRoot({ ...pool.options(), permissions })];
    const controllers = [OrdersController, OthersController];
    const app = await startApp(adapter, { imports, controllers });
    const service = app.get(CognitoAuthService);
    expect(
      service.routes().map(({ controller, handler, rules }) => [controller, handler, rules]),
    ).toEqual([
      [OrdersController, 'list', { mode: 'required', scopes: { all: ['orders/read'] } }],
      [
        OrdersController,
        'create',
        {
          mode: 'required',
          groups: { any: ['admin'] },
          scopes: { any: ['orders/write', 'orders/all'] },
        },
      ],
      [OrdersController, 'public', { mode: 'public', scopes: { all: ['orders/read'] } }],
      [OrdersController, 'optional', { mode: 'optional', scopes: { all: ['orders/read'] } }],
      [OthersController, 'list', { mode: 'required', permissions: ['others:read'] }],
      [OthersController, 'authenticated', { mode: 'required' }],
      [OthersController, 'public', { mode: 'public' }],
      [OthersController, 'open', undefined],
    ]);
    for (const { controller, handler, rules } of service.routes()) {
      const method = (controller.prototype as Record<string, () => void>)[handler];
      expect(service.rulesOf(controller, method as () => void)).toEqual(rules);
    }
  });
});
