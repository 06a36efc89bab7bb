import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiForbiddenResponse,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiSchema,
  ApiSecurity,
  ApiUnauthorizedResponse,
  DocumentBuilder,
} from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import {
  Authenticated,
  Check,
  ClientsOnly,
  CognitoAuthError,
  CognitoAuthModule,
  CognitoGuard,
  Groups,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
  TokenUse,
  UserPool,
  UsersOnly,
} from 'nestjs-cognito-auth';
import {
  addCognitoAuth,
  applyCognitoSecurity,
  setupCognitoSwagger,
} from 'nestjs-cognito-auth/swagger';
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
  pool,
  securitiesOf,
  started,
} from './swagger-app.js';
import type { Operation } from './swagger-app.js';

describe('applyCognitoSecurity()', () => {
  describe('on what the guard asks for', () => {
    @Controller('orders')
    @UseGuards(CognitoGuard)
    class OrdersController {
      @Get() list() {}

      @Post() @Scopes('orders/write') create() {}

      @Get('status') @Public() status() {}

      @Get('feed') @OptionalAuth() feed() {}
    }

    @Controller('greetings')
    class GreetingsController {
      @Get() greet() {}

      @Get('mine') @Groups('admin') mine() {}

      @Get('keyed') @ApiSecurity('api_key') keyed() {}
    }

    it('tells apart protected, public, optional and unguarded operations', async () => {
      const document = await documentOf([OrdersController, GreetingsController]);

      expect(securitiesOf(document)).toEqual({
        'get /orders': PROTECTED,
        'post /orders': [{ cognito: ['orders/write'] }],
        'get /orders/status': [],
        'get /orders/feed': [{ cognito: [] }, {}],
        'get /greetings': [],
        'get /greetings/mine': PROTECTED,
        'get /greetings/keyed': [{ api_key: [] }],
      });
    });

    it('gives refusals to protected and optional operations, and to no others', async () => {
      const document = await documentOf([OrdersController, GreetingsController]);
      const statusesOf = (path: string) => Object.keys(operationOf(document, path).responses);

      expect(statusesOf('/orders')).toEqual(['200', '401', '403', '503']);
      expect(statusesOf('/orders/feed')).toEqual(['200', '401', '403', '503']);
      expect(statusesOf('/orders/status')).toEqual(['200']);
      expect(statusesOf('/greetings')).toEqual(['200']);
      expect(operationOf(document, '/orders/status').description).toBeUndefined();
    });

    it.each<[string, MethodDecorator, string, Partial<Operation>]>([
      ['a token', Authenticated(), 'Requires an access token', {}],
      ['a group', Groups('admin'), 'Requires group: admin', { 'x-cognito-groups': ['admin'] }],
      [
        'one of several groups',
        Groups('admin', 'analyst'),
        'Requires one of the groups: admin, analyst',
        { 'x-cognito-groups': ['admin', 'analyst'] },
      ],
      [
        'several groups',
        Groups({ all: ['admin', 'auditor'] }),
        'Requires groups: admin and auditor',
        { 'x-cognito-groups': { all: ['admin', 'auditor'] } },
      ],
      [
        'groups of every kind',
        Groups({ any: ['admin'], all: ['staff'], none: ['suspended', 'guest'] }),
        'Requires group: staff\n\nRequires group: admin\n\nNot for members of: suspended, guest',
        { 'x-cognito-groups': { any: ['admin'], all: ['staff'], none: ['suspended', 'guest'] } },
      ],
      [
        'a group whose name means something to Markdown',
        Groups('_night_*shift*', 'eu_west_1'),
        String.raw`Requires one of the groups: \_night\_\*shift\*, eu_west_1`,
        { 'x-cognito-groups': ['_night_*shift*', 'eu_west_1'] },
      ],
      [
        'a scope',
        Scopes('orders/read'),
        'Requires scope: orders/read',
        { 'x-cognito-scopes': ['orders/read'], security: [{ cognito: ['orders/read'] }] },
      ],
      [
        'several scopes',
        Scopes('orders/read', 'orders/write'),
        'Requires scopes: orders/read and orders/write',
        {
          'x-cognito-scopes': ['orders/read', 'orders/write'],
          security: [{ cognito: ['orders/read', 'orders/write'] }],
        },
      ],
      [
        'one of several scopes',
        Scopes({ any: ['orders/read', 'orders/write'] }),
        'Requires one of the scopes: orders/read, orders/write',
        {
          'x-cognito-scopes': { any: ['orders/read', 'orders/write'] },
          security: [{ cognito: ['orders/read', 'orders/write'] }],
        },
      ],
      ['an ID token', TokenUse('id'), 'Requires an ID token', { 'x-cognito-token-use': ['id'] }],
      [
        'any kind of token',
        TokenUse('access', 'id'),
        'Requires an access token or an ID token',
        { 'x-cognito-token-use': ['access', 'id'] },
      ],
      [
        'a permission',
        Permissions('orders:delete'),
        'Requires permission: orders:delete',
        { 'x-cognito-permissions': ['orders:delete'] },
      ],
      [
        'a token of some user pools',
        UserPool('staff', 'partners'),
        'Requires one of the user pools: staff, partners',
        { 'x-cognito-user-pools': ['staff', 'partners'] },
      ],
      ['what a policy decides', Check(() => true), 'A further check decides', {}],
      ['a machine', ClientsOnly(), 'For machines only', { 'x-cognito-principal': 'client' }],
      ['a person', UsersOnly(), 'For users only', { 'x-cognito-principal': 'user' }],
      ['nothing, but checks tokens', OptionalAuth(), 'A token is optional', {}],
    ])('describes a route that asks for %s', async (_what, decorate, description, rest) => {
      @Controller()
      class AnyController {
        @Get('route') @decorate handle() {}
      }

      const operation = operationOf(await documentOf([AnyController]), '/route');

      expect(operation).toMatchObject({ description, ...rest });
      const extensions = Object.keys(operation).filter((key) => key.startsWith('x-'));
      expect(extensions).toEqual(Object.keys(rest).filter((key) => key.startsWith('x-')));
    });

    it('says for whom rules hold where a token is optional', async () => {
      @Controller('feed')
      @Groups('admin')
      class FeedController {
        @Get() @OptionalAuth() read() {}
      }

      const operation = operationOf(await documentOf([FeedController]), '/feed');

      expect(operation.description).toBe(
        'A token is optional. For one that is sent:\n\nRequires group: admin',
      );
    });

    it('names the kinds of token that the user pools accept by default', async () => {
      const document = await documentOf([OrdersController], { options: { tokenUse: 'id' } });

      expect(operationOf(document, '/orders').description).toBe('Requires an ID token');
      expect(document.components?.securitySchemes?.['cognito']).toMatchObject({
        description: expect.stringContaining('an ID token') as string,
      });
    });
  });

  describe('on refusals', () => {
    @Controller('reports')
    class ReportsController {
      @Get() @Groups('admin') read() {}
    }

    it.each(ADAPTERS)('documents the answers that %s really sends', async (adapter) => {
      const app = await createApp({ controllers: [ReportsController] }, { adapter });
      const document = applyCognitoSecurity(app, createDocument(app));
      const operation = operationOf(document, '/reports');
      const client = await started(app);

      const answers = [
        await client.get('/reports'),
        await client.get('/reports').auth(pool.forgedToken(), { type: 'bearer' }),
        await client.get('/reports').auth(pool.accessToken('bob'), { type: 'bearer' }),
      ];

      expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
      for (const { status, body, headers } of answers) {
        const { properties, required } = schemaOfRefusal(document, operation, status);
        expect(Object.keys(body).toSorted()).toEqual([...(required ?? [])].toSorted());
        for (const name of ['statusCode', 'error', 'code']) {
          expect(properties?.[name]).toHaveProperty('enum', expect.arrayContaining([body[name]]));
        }
        for (const name of Object.keys(operation.responses[status]?.headers ?? {})) {
          expect(headers).toHaveProperty(name.toLowerCase());
        }
      }
    });

    it('documents the answer to a token whose key cannot be had', async () => {
      const { jwks: _fixed, ...unreachable } = pool.options();
      const keys = {
        preload: 'lazy' as const,
        fetcher: () => Promise.reject(new Error('The network is down')),
      };
      const auth = CognitoAuthModule.forRoot({
        ...unreachable,
        jwksUri: 'https://127.0.0.1',
        keys,
      });
      const root = moduleOf({ imports: [auth], controllers: [ReportsController] });
      const app = await createAppOf(root);
      const document = applyCognitoSecurity(app, createDocument(app));
      const operation = operationOf(document, '/reports');
      const client = await started(app);

      const answer = await client
        .get('/reports')
        .auth(pool.accessToken('alice'), { type: 'bearer' });

      expect(answer.status).toBe(503);
      const { properties } = schemaOfRefusal(document, operation, 503);
      expect(properties?.['code']).toHaveProperty('enum', ['keys_unavailable', 'hook_failed']);
      expect(answer.body).toMatchObject({ code: 'keys_unavailable' });
      expect(Object.keys(operation.responses[503]?.headers ?? {})).toEqual(['Retry-After']);
      expect(answer.headers).toHaveProperty('retry-after');
    });

    it('lists under each status the codes of that status', async () => {
      const document = await documentOf([ReportsController]);
      const operation = operationOf(document, '/reports');

      for (const status of [401, 403, 503]) {
        const { properties } = schemaOfRefusal(document, operation, status);
        const code = properties?.['code'] ?? {};
        const codes = ('enum' in code ? code.enum : []) as CognitoAuthError['code'][];
        expect(codes).not.toEqual([]);
        expect(codes.map((one) => new CognitoAuthError(one, '').getStatus())).toEqual(
          codes.map(() => status),
        );
      }
    });

    it('lists no code that HTTP never answers with', async () => {
      const document = await documentOf([ReportsController]);

      const { properties } = schemaOfRefusal(document, operationOf(document, '/reports'), 403);

      expect(properties?.['code']).toHaveProperty('enum', [
        'insufficient_scope',
        'insufficient_group',
        'insufficient_permission',
        'wrong_principal',
        'unknown_user',
        'check_failed',
      ]);
    });

    it.each<[string, MethodDecorator[], string, string?]>([
      ['a group', [Groups('admin')], 'insufficient_group'],
      ['scopes', [Scopes('orders/read')], 'insufficient_scope'],
      ['a permission', [Permissions('orders:delete')], 'insufficient_permission'],
      ['what a policy decides', [Check(() => false)], 'check_failed'],
      ['a check with a message', [Check(() => false, 'Not today')], 'check_failed', 'Not today'],
      ['a machine', [ClientsOnly()], 'wrong_principal'],
      ['a person', [UsersOnly()], 'wrong_principal'],
      ['a person with a scope', [UsersOnly(), Scopes('orders/read')], 'insufficient_scope'],
      ['nothing but a token', [Authenticated()], 'unknown_user'],
      ['a kind of token', [TokenUse('id')], 'unknown_user'],
      ['a user pool', [UserPool('staff')], 'unknown_user'],
      ['nothing, but checks tokens', [OptionalAuth()], 'unknown_user'],
    ])(
      'gives an example of a 403 that fits a route that asks for %s',
      async (_what, decorators, code, message = expect.any(String) as string) => {
        @Controller()
        class AnyController {
          @Get('route') handle() {}
        }
        const descriptor = Object.getOwnPropertyDescriptor(AnyController.prototype, 'handle') ?? {};
        for (const decorate of decorators) decorate(AnyController.prototype, 'handle', descriptor);
        const document = await documentOf([AnyController]);
        const operation = operationOf(document, '/route');

        expect(operation.responses[403]?.content?.['application/json']).toHaveProperty('example', {
          statusCode: 403,
          error: 'Forbidden',
          code,
          message,
        });
        expect(schemaOfRefusal(document, operation, 403)).not.toHaveProperty('example');
      },
    );

    it('says of challenges which scopes they name, where a route asks for any', async () => {
      @Controller()
      class AnyController {
        @Get('scopes') @Scopes('orders/read') withScopes() {}

        @Get('groups') @Groups('admin') withGroups() {}
      }
      const document = await documentOf([AnyController]);
      const challengesOf = (path: string) =>
        [401, 403].map(
          (status) =>
            operationOf(document, path).responses[status]?.headers?.['WWW-Authenticate']
              ?.description,
        );

      expect(challengesOf('/scopes')).toEqual([
        expect.stringContaining('`scope` says what this operation asks for'),
        expect.stringContaining('`insufficient_scope`'),
      ]);
      expect(challengesOf('/groups')).toEqual([
        expect.not.stringContaining('scope'),
        expect.stringMatching(/^Without an error/),
      ]);
    });

    it('keeps what the author says about a refusal', async () => {
      class Problem {
        @ApiProperty() title!: string;
      }

      @Controller('written')
      @Authenticated()
      @ApiForbiddenResponse({ description: 'Ask the owner' })
      class WrittenController {
        @Get('described')
        @ApiUnauthorizedResponse({
          description: 'Sign in first',
          headers: { 'X-Trace': { description: 'Where to look' } },
        })
        described() {}

        @Get('typed')
        @ApiUnauthorizedResponse({ type: Problem })
        typed() {}

        @Get('referenced')
        @ApiOperation({ responses: { 401: { $ref: '#/components/responses/Login' } } })
        referenced() {}
      }

      const document = await documentOf([WrittenController]);
      const responseOf = (path: string, status: number) =>
        operationOf(document, `/written/${path}`).responses[status];

      expect(responseOf('described', 401)?.description).toBe('Sign in first');
      expect(Object.keys(responseOf('described', 401)?.headers ?? {})).toEqual([
        'WWW-Authenticate',
        'X-Trace',
      ]);
      expect(schemaOfRefusal(document, operationOf(document, '/written/described'), 401)).toEqual(
        expect.objectContaining({ type: 'object' }),
      );
      expect(responseOf('described', 403)?.description).toBe('Ask the owner');
      expect(responseOf('typed', 401)?.content).toEqual({
        'application/json': { schema: { $ref: '#/components/schemas/Problem' } },
      });
      expect(responseOf('typed', 401)?.description).not.toBe('');
      expect(responseOf('referenced', 401)).toEqual({ $ref: '#/components/responses/Login' });
    });
  });

  describe('on what the author wrote', () => {
    @Controller('written')
    class WrittenController {
      @Get('described')
      @Groups('admin')
      @ApiOperation({ description: 'Lists **everything**.' })
      described() {}

      @Get('claims-to-be-open')
      @Groups('admin')
      @ApiOperation({ security: [] })
      claimsToBeOpen() {}

      @Get('keyed')
      @Authenticated()
      @ApiSecurity('api_key')
      keyed() {}

      @Get('either')
      @Scopes('orders/read')
      @ApiSecurity('api_key')
      @ApiSecurity('cognito', ['made/up'])
      @ApiSecurity('certificate')
      either() {}

      @Get('optional')
      @OptionalAuth()
      @ApiSecurity('api_key')
      optional() {}

      @Get('public')
      @UseGuards(CognitoGuard)
      @Public()
      @ApiSecurity('cognito')
      public() {}

      @Get('unguarded')
      @ApiSecurity('cognito')
      unguarded() {}

      @Get('plain') plain() {}
    }

    it('appends to the description', async () => {
      const document = await documentOf([WrittenController]);

      expect(operationOf(document, '/written/described').description).toBe(
        'Lists **everything**.\n\nRequires group: admin',
      );
    });

    it('corrects what is said about tokens, and keeps other schemes beside them', async () => {
      const document = await documentOf([WrittenController]);

      expect(securitiesOf(document)).toEqual({
        'get /written/described': PROTECTED,
        'get /written/claims-to-be-open': PROTECTED,
        'get /written/keyed': [{ api_key: [], cognito: [] }],
        'get /written/either': [
          { certificate: [], cognito: ['orders/read'] },
          { cognito: ['orders/read'] },
          { api_key: [], cognito: ['orders/read'] },
        ],
        'get /written/optional': [{ api_key: [], cognito: [] }, { api_key: [] }],
        'get /written/public': [],
        'get /written/unguarded': [{ cognito: [] }],
        'get /written/plain': [],
      });
    });

    it('keeps the schemes of the whole document', async () => {
      @Controller()
      class AnyController {
        @Get('plain') plain() {}

        @Get('public') @Public() public() {}

        @Get('protected') @Authenticated() protected() {}
      }
      const app = await createApp({ controllers: [AnyController] });
      const documentWith = (...schemes: string[]) => {
        const builder = new DocumentBuilder();
        for (const scheme of schemes) builder.addSecurityRequirements(scheme);
        return applyCognitoSecurity(app, createDocument(app, builder));
      };

      expect(securitiesOf(documentWith('api_key'))).toEqual({
        'get /plain': [{ api_key: [] }],
        'get /public': [{ api_key: [] }],
        'get /protected': [{ api_key: [], cognito: [] }],
      });
      expect(securitiesOf(documentWith('cognito'))).toEqual({
        'get /plain': [],
        'get /public': [],
        'get /protected': PROTECTED,
      });
    });

    describe('about bearer tokens', () => {
      const builder = () =>
        new DocumentBuilder()
          .addBearerAuth()
          .addBearerAuth({ type: 'http', scheme: 'Bearer' }, 'jwt')
          .addApiKey({ type: 'apiKey', name: 'Authorization', in: 'header' }, 'authorization')
          .addApiKey({ type: 'apiKey', name: 'X-Key', in: 'header' }, 'api_key')
          .addOAuth2({ type: 'oauth2', flows: {} }, 'sign-in')
          .addSecurity('oidc', { type: 'openIdConnect', openIdConnectUrl: 'https://example.com' });

      it.each<[string, MethodDecorator]>([
        ['@ApiBearerAuth()', ApiBearerAuth()],
        ["@ApiBearerAuth('jwt')", ApiBearerAuth('jwt')],
        ["@ApiSecurity('bearer')", ApiSecurity('bearer')],
        ["@ApiSecurity('authorization')", ApiSecurity('authorization')],
      ])('knows that %s is the token of the rule beside it', async (_name, decorate) => {
        @Controller('above')
        @(decorate as ClassDecorator)
        class AboveController {
          @Get() @Scopes('orders/read') read() {}

          @Get('public') @Public() public() {}

          @Get('optional') @OptionalAuth() optional() {}

          @Get('keyed') @Authenticated() @ApiSecurity('api_key') keyed() {}
        }

        @Controller('beside')
        class BesideController {
          @Get('first') @decorate @Authenticated() first() {}

          @Get('last') @Authenticated() @decorate last() {}

          @Get('unguarded') @decorate unguarded() {}
        }
        const app = await createApp({ controllers: [AboveController, BesideController] });

        const document = applyCognitoSecurity(app, createDocument(app, builder()));
        const once = JSON.stringify(document);

        expect(securitiesOf(document)).toEqual({
          'get /above': [{ cognito: ['orders/read'] }],
          'get /above/public': [],
          'get /above/optional': [{ cognito: [] }, {}],
          'get /above/keyed': expect.arrayContaining([{ api_key: [], cognito: [] }]) as unknown,
          'get /beside/first': PROTECTED,
          'get /beside/last': PROTECTED,
          'get /beside/unguarded': [expect.not.objectContaining({ cognito: [] })],
        });
        expect(JSON.stringify(applyCognitoSecurity(app, document))).toBe(once);
      });

      it('knows the name that @ApiBearerAuth() gives where no document declares it', async () => {
        @Controller()
        class AnyController {
          @Get('route') @Authenticated() @ApiBearerAuth() handle() {}
        }

        expect(securitiesOf(await documentOf([AnyController]))).toEqual({
          'get /route': PROTECTED,
        });
      });

      it('keeps a scheme of that name that sends something else', async () => {
        @Controller()
        class AnyController {
          @Get('route') @Authenticated() @ApiSecurity('bearer') handle() {}
        }
        const app = await createApp({ controllers: [AnyController] });
        const document = createDocument(
          app,
          new DocumentBuilder().addApiKey(
            { type: 'apiKey', name: 'X-Key', in: 'header' },
            'bearer',
          ),
        );

        expect(securitiesOf(applyCognitoSecurity(app, document))).toEqual({
          'get /route': [{ bearer: [], cognito: [] }],
        });
      });

      it('knows the token of the whole document', async () => {
        @Controller()
        class AnyController {
          @Get('protected') @Authenticated() protected() {}

          @Get('public') @Public() public() {}

          @Get('other') other() {}
        }
        const app = await createApp({ controllers: [AnyController] });
        const document = createDocument(app, builder().addSecurityRequirements('bearer'));

        expect(securitiesOf(applyCognitoSecurity(app, document))).toEqual({
          'get /protected': PROTECTED,
          'get /public': [],
          // Another guard may take it.
          'get /other': [{ bearer: [] }],
        });
      });

      it('keeps what needs another scheme besides', async () => {
        @Controller()
        class AnyController {
          @Get('both') @Authenticated() @ApiSecurity({ bearer: [], api_key: [] }) both() {}

          @Get('public') @Public() @ApiSecurity({ jwt: [], api_key: [] }) public() {}
        }
        const app = await createApp({ controllers: [AnyController] });

        const document = applyCognitoSecurity(app, createDocument(app, builder()));

        expect(securitiesOf(document)).toEqual({
          'get /both': [{ api_key: [], cognito: [] }],
          'get /public': [{ api_key: [] }],
        });
      });

      it.each(['sign-in', 'oidc'])('makes the scheme "%s" an alternative', async (name) => {
        @Controller()
        class AnyController {
          @Get('protected') @Authenticated() @ApiSecurity(name, ['orders/read']) protected() {}

          @Get('keyed') @Authenticated() @ApiSecurity({ [name]: [], api_key: [] }) keyed() {}

          @Get('optional') @OptionalAuth() @ApiSecurity(name) optional() {}

          @Get('public') @Public() @ApiSecurity(name) public() {}
        }
        const app = await createApp({ controllers: [AnyController] });
        const document = applyCognitoSecurity(app, createDocument(app, builder()));
        const once = JSON.stringify(document);

        expect(securitiesOf(document)).toEqual({
          'get /protected': [{ cognito: [] }, { [name]: ['orders/read'] }],
          'get /keyed': [
            { api_key: [], cognito: [] },
            { api_key: [], [name]: [] },
          ],
          'get /optional': [{ cognito: [] }, { [name]: [] }, {}],
          'get /public': [],
        });
        expect(JSON.stringify(applyCognitoSecurity(app, document))).toBe(once);
      });
    });

    it('leaves operations alone that no handler of the application stands behind', async () => {
      const app = await createApp({ controllers: [WrittenController] }, { protectAll: true });
      const document = createDocument(app);
      const written = { responses: { 200: { description: 'From another service' } } };
      document.paths['/elsewhere'] = { get: written };
      document.paths['/written/plain'] = { ...document.paths['/written/plain'], post: written };

      applyCognitoSecurity(app, document);

      expect(operationOf(document, '/elsewhere')).toBe(written);
      expect(operationOf(document, '/written/plain', 'post')).toBe(written);
      expect(operationOf(document, '/written/plain').security).toEqual(PROTECTED);
    });

    it('takes documents that leave out operations and components', async () => {
      const app = await createApp({ controllers: [WrittenController] });
      const { openapi, info, paths } = createDocument(app);
      const kept = {
        '/written/described': paths['/written/described'] ?? {},
        '/written/plain': {},
      };

      const document = applyCognitoSecurity(app, { openapi, info, paths: kept });

      expect(securitiesOf(document)).toEqual({ 'get /written/described': PROTECTED });
      expect(Object.keys(document.components ?? {})).toEqual(['schemas', 'securitySchemes']);
    });

    it('changes the document that it returns, and nothing that outlives it', async () => {
      const app = await createApp({ controllers: [WrittenController] });
      const builder = new DocumentBuilder();
      const before = JSON.stringify(createDocument(app, builder));
      const document = createDocument(app, builder);

      expect(applyCognitoSecurity(app, document)).toBe(document);
      expect(JSON.stringify(document)).not.toBe(before);
      expect(JSON.stringify(createDocument(app, builder))).toBe(before);
    });

    it('changes nothing when it is applied again', async () => {
      const app = await createApp({ controllers: [WrittenController] });
      const document = applyCognitoSecurity(app, createDocument(app));
      const once = JSON.stringify(document);

      expect(JSON.stringify(applyCognitoSecurity(app, document))).toBe(once);
    });

    it('keeps models of the author that are named like the error', async () => {
      @ApiSchema({ name: 'CognitoAuthError' })
      class OwnError {
        @ApiProperty() mine!: string;
      }

      @Controller()
      class AnyController {
        @Get('route')
        @Authenticated()
        @ApiResponse({ status: 400, type: OwnError })
        handle() {}
      }

      const document = await documentOf([AnyController]);

      expect(document.components?.schemas?.['CognitoAuthError']).toMatchObject({
        properties: { mine: { type: 'string' } },
      });
      expect(Object.keys(document.components?.schemas ?? {}).toSorted()).toEqual([
        'CognitoAuthError',
        'CognitoAuthError.Forbidden',
        'CognitoAuthError.ServiceUnavailable',
        'CognitoAuthError.Unauthorized',
      ]);
    });
  });

  describe('beside another registration of the module', () => {
    it('names every kind of token that a registration accepts', async () => {
      @Controller()
      class AnyController {
        @Get('route') @Authenticated() handle() {}
      }
      const second = moduleOf({
        imports: [
          CognitoAuthModule.forRoot({ ...pool.options(), tokenUse: 'id', isGlobal: false }),
        ],
      });
      const app = await createApp({ imports: [second], controllers: [AnyController] });

      const document = applyCognitoSecurity(app, createDocument(app));

      expect(operationOf(document, '/route').description).toBe(
        'Requires an access token or an ID token',
      );
    });
  });
});

describe('addCognitoAuth()', () => {
  const schemeIn = ({ components }: Pick<OpenAPIObject, 'components'>) =>
    components?.securitySchemes?.['cognito'];

  it('adds a bearer scheme that says which token to paste', () => {
    const builder = new DocumentBuilder();

    expect(addCognitoAuth(builder)).toBe(builder);
    expect(schemeIn(builder.build())).toEqual({
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: expect.stringContaining('Paste an access token') as string,
    });
  });

  it('has the usual description when that of the author is undefined', () => {
    const { components } = addCognitoAuth(new DocumentBuilder(), {
      description: undefined,
    }).build();

    expect(components?.securitySchemes?.['cognito']).toHaveProperty(
      'description',
      expect.stringContaining('Paste an access token'),
    );
  });

  it('keeps its description when the security of the operations is applied', async () => {
    const app = await createApp({});
    const builder = addCognitoAuth(new DocumentBuilder(), { description: 'Ask the CLI.' });

    const document = applyCognitoSecurity(app, createDocument(app, builder));

    expect(schemeIn(document)).toMatchObject({ type: 'http', description: 'Ask the CLI.' });
  });

  it('is made up for where it was forgotten, so that no reference is left open', async () => {
    const app = await createApp({});
    const builder = new DocumentBuilder().addApiKey({ type: 'apiKey' }, 'api_key');

    const { components } = applyCognitoSecurity(app, createDocument(app, builder));

    expect(Object.keys(components?.securitySchemes ?? {}).toSorted()).toEqual([
      'api_key',
      'cognito',
    ]);
  });
});

describe.each(ADAPTERS)('setupCognitoSwagger() on %s', (adapter) => {
  @Controller('things')
  class ThingsController {
    @Get() list() {}

    @Get('mine') @Groups('admin') mine() {}
  }

  const createThings = () => createApp({ controllers: [ThingsController] }, { adapter });
  const builder = () => new DocumentBuilder().setTitle('Things');

  it('serves the page and the document that it returns', async () => {
    const app = await createThings();
    const document = setupCognitoSwagger(app, 'docs', builder());
    const client = await started(app);

    const page = await client.get('/docs').expect(200).expect('content-type', /html/);
    const script = await client.get('/docs/swagger-ui-init.js').expect(200);
    const json = await client.get('/docs-json').expect(200);
    await client.get('/docs/swagger-ui-bundle.js').expect(200);

    expect(page.text).toContain('swagger-ui');
    expect(script.text).toContain('"persistAuthorization": true');
    expect(json.body).toEqual(JSON.parse(JSON.stringify(document)));
    expect(securitiesOf(json.body as OpenAPIObject)).toEqual({
      'get /things': [],
      'get /things/mine': PROTECTED,
    });
  });

  it('passes options on', async () => {
    const app = await createThings();
    setupCognitoSwagger(app, 'docs', builder(), {
      documentOptions: { operationIdFactory: (_controller, method) => `my_${method}` },
      setupOptions: {
        jsonDocumentUrl: 'openapi.json',
        swaggerOptions: { persistAuthorization: false, filter: true },
      },
    });
    const client = await started(app);

    const script = await client.get('/docs/swagger-ui-init.js').expect(200);
    const json = await client.get('/openapi.json').expect(200);

    expect(script.text).toContain('"persistAuthorization": false');
    expect(script.text).toContain('"filter": true');
    expect(operationOf(json.body as OpenAPIObject, '/things')).toHaveProperty(
      'operationId',
      'my_list',
    );
  });

  it('knows a guard that becomes global later', async () => {
    const app = await createThings();
    setupCognitoSwagger(app, 'docs', builder());
    app.useGlobalGuards(app.get(CognitoGuard));
    const client = await started(app);

    const { body } = await client.get('/docs-json').expect(200);

    await client.get('/things').expect(401);
    expect(securitiesOf(body as OpenAPIObject)).toEqual({
      'get /things': PROTECTED,
      'get /things/mine': PROTECTED,
    });
  });
});

function schemaOfRefusal(document: OpenAPIObject, operation: Operation, status: number) {
  const reference = operation.responses[status]?.content?.['application/json']?.schema.$ref;
  const name = reference?.replace('#/components/schemas/', '') ?? '';
  const schema = document.components?.schemas?.[name];
  if (!schema || '$ref' in schema) throw new Error(`"${reference}" leads nowhere`);
  return schema;
}
