import { runInNewContext } from 'node:vm';
import { Controller, Get } from '@nestjs/common';
import { ApiSecurity, DocumentBuilder } from '@nestjs/swagger';
import type { OpenAPIObject, SwaggerCustomOptions } from '@nestjs/swagger';
import {
  Authenticated,
  ClientsOnly,
  CognitoAuthOptionsError,
  Groups,
  OptionalAuth,
  Public,
  Scopes,
  TokenUse,
} from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import {
  addCognitoAuth,
  applyCognitoSecurity,
  setupCognitoSwagger,
} from 'nestjs-cognito-auth/swagger';
import type { HostedUi } from 'nestjs-cognito-auth/swagger';
import { describe, expect, it } from 'vitest';
import {
  ADAPTERS,
  createApp,
  createDocument,
  operationOf,
  securitiesOf,
  started,
} from './swagger-app.js';

const DOMAIN = 'https://example.auth.eu-west-1.amazoncognito.com';

const HOSTED_UI: HostedUi = {
  domain: DOMAIN,
  clientId: '1h57kf5cpq17m0eml12EXAMPLE',
  scopes: ['openid', 'email', 'orders/read'],
};

@Controller('orders')
class OrdersController {
  @Get() @Scopes('orders/read') list() {}

  @Get('mine') @Authenticated() mine() {}

  @Get('open') @Public() open() {}

  @Get('feed') @OptionalAuth() feed() {}

  @Get('profile') @TokenUse('id') profile() {}

  @Get('either') @TokenUse('access', 'id') either() {}

  @Get('jobs') @ClientsOnly() jobs() {}

  @Get('write') @Scopes('orders/write') write() {}

  @Get('any') @Scopes({ any: ['orders/write', 'orders/read'] }) any() {}

  @Get('none') @Scopes({ any: ['orders/write', 'orders/delete'] }) none() {}

  @Get('keyed') @Groups('admin') @ApiSecurity('api_key') keyed() {}
}

const schemeIn = ({ components }: Pick<OpenAPIObject, 'components'>) =>
  components?.securitySchemes?.['cognito-hosted-ui'];

const scopesIn = (document: Pick<OpenAPIObject, 'components'>) => {
  const scheme = schemeIn(document);
  return scheme && 'flows' in scheme ? scheme.flows?.authorizationCode?.scopes : undefined;
};

async function documentWith(hostedUi: HostedUi, options?: Partial<CognitoAuthOptions>) {
  const app = await createApp({ controllers: [OrdersController] }, { options });
  const builder = addCognitoAuth(new DocumentBuilder(), { hostedUi });
  return applyCognitoSecurity(app, createDocument(app, builder));
}

describe('hostedUi in a document', () => {
  it('is a scheme of its own, with an authorization code', async () => {
    expect(schemeIn(await documentWith(HOSTED_UI))).toEqual({
      type: 'oauth2',
      description: expect.stringContaining('access token') as string,
      flows: {
        authorizationCode: {
          authorizationUrl: `${DOMAIN}/oauth2/authorize`,
          tokenUrl: `${DOMAIN}/oauth2/token`,
          scopes: {
            openid: 'Who signs in, and an ID token',
            email: 'Email address',
            'orders/read': '"read" at the resource server "orders"',
          },
        },
      },
    });
  });

  it('is an alternative where the access token of a user with its scopes will do', async () => {
    expect(securitiesOf(await documentWith(HOSTED_UI))).toEqual({
      'get /orders': [{ cognito: ['orders/read'] }, { 'cognito-hosted-ui': ['orders/read'] }],
      'get /orders/mine': [{ cognito: [] }, { 'cognito-hosted-ui': [] }],
      'get /orders/open': [],
      'get /orders/feed': [{ cognito: [] }, { 'cognito-hosted-ui': [] }, {}],
      'get /orders/profile': [{ cognito: [] }],
      'get /orders/either': [{ cognito: [] }, { 'cognito-hosted-ui': [] }],
      'get /orders/jobs': [{ cognito: [] }],
      'get /orders/write': [{ cognito: ['orders/write'] }],
      'get /orders/any': [
        { cognito: ['orders/write', 'orders/read'] },
        { 'cognito-hosted-ui': ['orders/read'] },
      ],
      'get /orders/none': [{ cognito: ['orders/write', 'orders/delete'] }],
      'get /orders/keyed': [
        { api_key: [], cognito: [] },
        { api_key: [], 'cognito-hosted-ui': [] },
      ],
    });
  });

  it('is no alternative where the user pool accepts ID tokens only', async () => {
    const document = await documentWith(HOSTED_UI, { tokenUse: 'id' });

    expect(operationOf(document, '/orders/mine')).toMatchObject({
      security: [{ cognito: [] }],
      description: 'Requires an ID token',
    });
    expect(operationOf(document, '/orders/either').security).toEqual([
      { cognito: [] },
      { 'cognito-hosted-ui': [] },
    ]);
  });

  it('stays as it is when the security is applied again', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const builder = addCognitoAuth(new DocumentBuilder(), { hostedUi: HOSTED_UI });
    const document = applyCognitoSecurity(app, createDocument(app, builder));
    const once = JSON.stringify(document);

    expect(JSON.stringify(applyCognitoSecurity(app, document))).toBe(once);
  });

  it('is offered with no scopes by a scheme of the author that has no such flow', async () => {
    const app = await createApp({ controllers: [OrdersController] });
    const builder = new DocumentBuilder().addOAuth2({ type: 'oauth2' }, 'cognito-hosted-ui');
    const document = applyCognitoSecurity(app, createDocument(app, builder));

    expect(operationOf(document, '/orders').security).toEqual([{ cognito: ['orders/read'] }]);
    expect(operationOf(document, '/orders/mine').security).toContainEqual({
      'cognito-hosted-ui': [],
    });
  });

  it('takes descriptions of scopes, and knows resource servers that are addresses', () => {
    const described = { openid: 'You', 'orders/read': '' };
    const builderOf = (scopes: HostedUi['scopes']) =>
      addCognitoAuth(new DocumentBuilder(), { hostedUi: { ...HOSTED_UI, scopes } }).build();

    expect(scopesIn(builderOf(described))).toEqual(described);
    expect(scopesIn(builderOf(['https://api.example.com/v1/read', 'custom']))).toEqual({
      'https://api.example.com/v1/read':
        '"read" at the resource server "https://api.example.com/v1"',
      custom: '',
    });
  });
});

describe('hostedUi that is wrong', () => {
  const problemsOf = (wrong: object): readonly string[] => {
    try {
      addCognitoAuth(new DocumentBuilder(), { hostedUi: { ...HOSTED_UI, ...wrong } });
    } catch (error) {
      if (error instanceof CognitoAuthOptionsError) return error.problems;
      throw error;
    }
    return [];
  };

  it.each([DOMAIN, `${DOMAIN}/`, 'http://localhost:9229', 'http://127.0.0.1', 'http://[::1]:80/'])(
    'is not one at %s',
    (domain) => {
      expect(problemsOf({ domain })).toEqual([]);
    },
  );

  it.each([
    'example.auth.eu-west-1.amazoncognito.com',
    'example',
    'http://example.auth.eu-west-1.amazoncognito.com',
    'ftp://localhost',
    `${DOMAIN}/oauth2/authorize`,
    `${DOMAIN}?client_id=1`,
    `${DOMAIN}#top`,
    'https://user:password@example.com',
    '',
    undefined,
  ])('is refused at %s', (domain) => {
    expect(problemsOf({ domain })).toEqual([
      '"hostedUi.domain" must be an address such as ' +
        'https://example.auth.eu-west-1.amazoncognito.com, without a path (http: only on this ' +
        `machine), got ${JSON.stringify(domain)}.`,
    ]);
  });

  it.each([
    [{ clientId: '' }, '"hostedUi.clientId" must be the id of one app client, got "".'],
    [{ clientId: ['a'] }, '"hostedUi.clientId" must be the id of one app client, got ["a"].'],
    [{ scopes: [] }, '"hostedUi.scopes" must name at least one scope.'],
    [{ scopes: undefined }, '"hostedUi.scopes" must name at least one scope.'],
    [
      { scopes: ['openid email'] },
      '"hostedUi.scopes" must be names of scopes, got "openid email".',
    ],
    [{ scopes: [1] }, '"hostedUi.scopes" must be names of scopes, got 1.'],
    [
      { scopes: ['email', 'profile'] },
      '"hostedUi.scopes" has email, profile, which Cognito gives only with openid.',
    ],
  ])('is refused: %o', (wrong, problem) => {
    expect(problemsOf(wrong)).toEqual([problem]);
  });

  it('is listed as a whole', () => {
    expect(problemsOf({ domain: 'a', clientId: '', scopes: [] })).toHaveLength(3);
  });

  it('does not get as far as a page', async () => {
    const app = await createApp({});
    const hostedUi = { ...HOSTED_UI, domain: 'example' };

    expect(() => setupCognitoSwagger(app, 'docs', new DocumentBuilder(), { hostedUi })).toThrow(
      'got "example"',
    );
  });
});

describe.each(ADAPTERS)('The page of setupCognitoSwagger() with hostedUi on %s', (adapter) => {
  /** The options that the script of the page gives to Swagger UI at this address. */
  const optionsAt = async (
    scriptAddress: string,
    setupOptions?: SwaggerCustomOptions,
  ): Promise<UiOptions> => {
    const app = await createApp({ controllers: [OrdersController] }, { adapter });
    setupCognitoSwagger(app, 'docs', new DocumentBuilder(), {
      hostedUi: HOSTED_UI,
      setupOptions,
    });
    const client = await started(app);
    const script = await client.get('/docs/swagger-ui-init.js').expect(200);
    await client.get('/docs/oauth2-redirect.html').expect(200).expect('content-type', /html/);
    return run(script.text, scriptAddress);
  };

  it('signs in with a code and PKCE, and keeps the token over a reload', async () => {
    const options = await optionsAt('https://api.example.com/docs/swagger-ui-init.js');

    expect(options.initOAuth).toEqual({
      clientId: HOSTED_UI.clientId,
      scopes: HOSTED_UI.scopes,
      usePkceWithAuthorizationCodeGrant: true,
    });
    expect(options.persistAuthorization).toBe(true);
    expect(schemeIn(options.spec)).toMatchObject({ type: 'oauth2' });
    expect(options.spec.paths['/orders/mine']?.get?.security).toEqual([
      { cognito: [] },
      { 'cognito-hosted-ui': [] },
    ]);
  });

  it.each([
    ['https://api.example.com/docs/', 'https://api.example.com/docs/oauth2-redirect.html'],
    ['http://localhost:3000/docs/', 'http://localhost:3000/docs/oauth2-redirect.html'],
    [
      'https://example.com/shop/api/docs/',
      'https://example.com/shop/api/docs/oauth2-redirect.html',
    ],
  ])('comes back from the sign-in to where the browser has it: %s', async (folder, address) => {
    const options = await optionsAt(`${folder}swagger-ui-init.js`);

    expect(options.oauth2RedirectUrl).toBe(address);
  });

  it('removes from the request for the token, and from no other, what needs a preflight', async () => {
    const { requestInterceptor } = await optionsAt('https://api.example.com/docs/x');
    const headersOf = (url: string) =>
      requestInterceptor({ url, headers: { 'X-Requested-With': 'a', Accept: 'b' } }).headers;

    expect(headersOf(`${DOMAIN}/oauth2/token`)).toEqual({ Accept: 'b' });
    expect(headersOf(`${DOMAIN}/oauth2/token?a=b`)).toEqual({ Accept: 'b' });
    expect(headersOf('https://api.example.com/orders')).toHaveProperty('X-Requested-With');
  });

  it('keeps what the author configured', async () => {
    const options = await optionsAt('https://api.example.com/docs/swagger-ui-init.js', {
      swaggerOptions: {
        filter: true,
        persistAuthorization: false,
        oauth2RedirectUrl: 'https://example.com/back',
        initOAuth: { appName: 'Orders', scopes: ['openid'] },
        requestInterceptor: (request: UiRequest) => ({
          ...request,
          headers: { ...request.headers, 'X-Mine': 'yes' },
        }),
        responseInterceptor: (response: unknown) => [response],
      },
    });

    expect(options).toMatchObject({
      filter: true,
      persistAuthorization: false,
      oauth2RedirectUrl: 'https://example.com/back',
      initOAuth: {
        appName: 'Orders',
        clientId: HOSTED_UI.clientId,
        scopes: ['openid'],
        usePkceWithAuthorizationCodeGrant: true,
      },
    });
    expect(options.responseInterceptor?.('answer')).toEqual(['answer']);
    const headers = { 'X-Requested-With': 'a' };
    expect(options.requestInterceptor({ url: `${DOMAIN}/oauth2/token`, headers }).headers).toEqual({
      'X-Mine': 'yes',
    });
  });

  it('keeps a scheme of the same name that the author wrote', async () => {
    const app = await createApp({}, { adapter });
    const written = addCognitoAuth(new DocumentBuilder(), {
      hostedUi: { ...HOSTED_UI, scopes: { openid: 'Mine' } },
    });

    const document = setupCognitoSwagger(app, 'docs', written, { hostedUi: HOSTED_UI });

    expect(scopesIn(document)).toEqual({ openid: 'Mine' });
  });

  it('has nothing of a sign-in without it', async () => {
    const app = await createApp({ controllers: [OrdersController] }, { adapter });
    setupCognitoSwagger(app, 'docs', new DocumentBuilder());
    const client = await started(app);

    const { text } = await client.get('/docs/swagger-ui-init.js').expect(200);

    expect(text).not.toMatch(/initOAuth":|oauth2RedirectUrl|requestInterceptor|hosted-ui/);
  });
});

interface UiRequest {
  url: string;
  headers: Record<string, string>;
}

interface UiOptions {
  spec: OpenAPIObject;
  initOAuth: object;
  oauth2RedirectUrl: string;
  persistAuthorization: boolean;
  requestInterceptor: (request: UiRequest) => UiRequest;
  responseInterceptor?: (response: unknown) => unknown;
}

/** Runs the script of the page as far as Swagger UI starts, which is where its options are complete. */
function run(script: string, scriptAddress: string): UiOptions {
  let given: UiOptions | undefined;
  const bundle = (options: UiOptions) => {
    given = options;
    return { initOAuth: () => undefined };
  };
  const window = { location: new URL('https://elsewhere.example.com'), onload: () => undefined };
  const document = {
    querySelector: (selector: string) =>
      selector === 'script[src*="swagger-ui-init.js"]' ? { src: scriptAddress } : null,
  };
  runInNewContext(`${script}; window.onload();`, {
    window,
    document,
    URL,
    SwaggerUIBundle: Object.assign(bundle, { presets: {}, plugins: {} }),
    SwaggerUIStandalonePreset: {},
  });
  if (!given) throw new Error('The script did not start Swagger UI');
  // What the script made belongs to its own realm, where even `Object` is another one.
  return Object.assign(given, {
    initOAuth: JSON.parse(JSON.stringify(given.initOAuth)) as object,
    spec: JSON.parse(JSON.stringify(given.spec)) as OpenAPIObject,
  });
}
