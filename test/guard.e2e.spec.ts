import {
  Catch,
  Controller,
  Get,
  Inject,
  Injectable,
  Req,
  Res,
  Scope,
  UseGuards,
} from '@nestjs/common';
import type { ArgumentsHost, CanActivate, ExceptionFilter, ExecutionContext } from '@nestjs/common';
import { APP_GUARD, REQUEST } from '@nestjs/core';
import {
  CognitoAuthError,
  CognitoAuthModule,
  CognitoGuard,
  CurrentUser,
  fromBearerHeader,
  Groups,
  OptionalAuth,
  Principal,
  Public,
} from 'nestjs-cognito-auth';
import type { CognitoAuthOptions, CognitoPrincipal, CognitoUser } from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, send, startApp } from './support/app.js';
import { greetingOf, MeController, protectedBy } from './support/me.controller.js';
import { refusal } from './support/refusals.js';

interface Authenticated {
  user?: CognitoUser;
}

const ALICE = greetingOf('alice');
const BOB = greetingOf('bob');
const FORBIDDEN_BY_NEST = { status: 403, code: undefined, challenge: undefined };

let pool: LocalUserPool;
let alice: string;
let bob: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [{ username: 'alice', groups: ['admin'] }, { username: 'bob' }],
  });
  alice = pool.accessToken('alice');
  bob = pool.accessToken('bob');
});

function authModule(options: Partial<CognitoAuthOptions> & { protectAll?: boolean } = {}) {
  return CognitoAuthModule.forRoot({ ...pool.options(), ...options });
}

/** Admits whom it finds on the request, if that is alice. */
@Injectable()
class AliceGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    return context.switchToHttp().getRequest<Authenticated>().user?.username === 'alice';
  }
}

describe.each(ADAPTERS)('Guards beside CognitoGuard on %s', (adapter) => {
  it('find the user on the request, wherever they stand beside a rule', async () => {
    @Controller()
    class OrdersController {
      @Get('above')
      @UseGuards(AliceGuard)
      @Groups({ none: ['suspended'] })
      above() {
        return {};
      }

      @Get('below')
      @Groups({ none: ['suspended'] })
      @UseGuards(AliceGuard)
      below() {
        return {};
      }

      @Get('listed')
      @UseGuards(CognitoGuard, AliceGuard)
      listed() {
        return {};
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [OrdersController],
    });
    for (const path of ['/above', '/below', '/listed']) {
      // oxlint-disable no-await-in-loop -- one path after the other
      expect(await send(app, path, alice)).toMatchObject({ status: 200 });
      expect(await send(app, path, bob)).toMatchObject(FORBIDDEN_BY_NEST);
      expect(await send(app, path)).toMatchObject(refusal('missing_token'));
      // oxlint-enable no-await-in-loop
    }
  });

  it('find the user on the request when ours protects all', async () => {
    @Controller()
    class OrdersController {
      @Get('orders')
      @UseGuards(AliceGuard)
      orders() {
        return {};
      }
    }
    const imports = [authModule({ protectAll: true })];
    const app = await startApp(adapter, { imports, controllers: [OrdersController] });
    expect(await send(app, '/orders', alice)).toMatchObject({ status: 200 });
    expect(await send(app, '/orders', bob)).toMatchObject(FORBIDDEN_BY_NEST);
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
  });
});

describe.each(ADAPTERS)('A subclass of CognitoGuard on %s', (adapter) => {
  @Injectable()
  class Policy {
    admits(username: string | undefined): boolean {
      return username === 'alice';
    }
  }

  @Injectable()
  class StricterGuard extends CognitoGuard {
    @Inject(Policy)
    private readonly policy: Policy;

    override async canActivate(context: ExecutionContext): Promise<boolean> {
      await super.canActivate(context);
      const { user } = context.switchToHttp().getRequest<Authenticated>();
      return this.policy.admits(user?.username);
    }
  }

  @Controller()
  @UseGuards(StricterGuard)
  class OrdersController {
    @Get('orders')
    orders(@CurrentUser('username') username: string) {
      return { username };
    }

    @Get('admin')
    @Groups('admin')
    admin() {
      return {};
    }
  }

  it('asks for more, and keeps the rules and the answers', async () => {
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [OrdersController],
      providers: [Policy],
    });
    expect(await send(app, '/orders', alice)).toMatchObject(ALICE);
    expect(await send(app, '/orders', bob)).toMatchObject(FORBIDDEN_BY_NEST);
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/orders', pool.idToken('alice'))).toMatchObject(
      refusal('wrong_token_use'),
    );
    expect(await send(app, '/admin', bob)).toMatchObject(refusal('insufficient_group'));
  });

  it('lets nobody in who is refused at once, although it does not wait', async () => {
    @Injectable()
    class HastyGuard extends CognitoGuard {
      override canActivate(context: ExecutionContext): boolean {
        return Boolean(super.canActivate(context));
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule({ jwks: pool.jwks() })],
      controllers: [MeController],
      providers: [{ provide: APP_GUARD, useClass: HastyGuard }],
    });
    expect(await send(app, '/me', alice)).toMatchObject(ALICE);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/me', 'a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(await send(app, '/me', `${alice}AA`)).toMatchObject(refusal('invalid_signature'));
    expect(await send(app, '/me', pool.idToken('alice'))).toMatchObject(refusal('wrong_token_use'));
  });

  it('can guard the whole application', async () => {
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [MeController],
      providers: [Policy, { provide: APP_GUARD, useClass: StricterGuard }],
    });
    expect(await send(app, '/me', alice)).toMatchObject(ALICE);
    expect(await send(app, '/me', bob)).toMatchObject(FORBIDDEN_BY_NEST);
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });
});

describe.each(ADAPTERS)('The request on %s', (adapter) => {
  it('carries the principal, which nobody can change', async () => {
    @Controller()
    class RequestController {
      @Get('request')
      @Groups('admin')
      request(@Req() request: Authenticated, @Principal() principal: CognitoPrincipal) {
        const isFrozen = Object.isFrozen(request.user) && Object.isFrozen(request.user?.groups);
        return { isSame: request.user === principal, isFrozen };
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [RequestController],
    });
    expect(await send(app, '/request', alice)).toMatchObject({
      status: 200,
      body: { isSame: true, isFrozen: true },
    });
  });

  it('carries it under the name of the option property, and under no other', async () => {
    @Controller()
    class RequestController {
      @Get('request')
      @Groups('admin')
      request(
        @Req() request: Authenticated & { caller?: CognitoUser },
        @CurrentUser('username') name: string,
      ) {
        return { caller: request.caller?.username, user: request.user ?? null, name };
      }
    }
    const imports = [authModule({ property: 'caller' })];
    const app = await startApp(adapter, { imports, controllers: [RequestController] });
    expect(await send(app, '/request', alice)).toMatchObject({
      status: 200,
      body: { caller: 'alice', user: null, name: 'alice' },
    });
  });

  it('reaches request-scoped controllers and providers', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class CurrentCaller {
      constructor(@Inject(REQUEST) private readonly request: Authenticated) {}

      get username() {
        return this.request.user?.username;
      }
    }
    @Controller({ scope: Scope.REQUEST })
    class ScopedController {
      constructor(@Inject(CurrentCaller) private readonly caller: CurrentCaller) {}

      @Get('scoped')
      @Groups('admin')
      scoped(@CurrentUser('username') username: string) {
        return { username, sameAs: this.caller.username };
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [ScopedController],
      providers: [CurrentCaller],
    });
    expect(await send(app, '/scoped', alice)).toMatchObject({
      status: 200,
      body: { username: 'alice', sameAs: 'alice' },
    });
    expect(await send(app, '/scoped', bob)).toMatchObject(refusal('insufficient_group'));
  });

  it('is never that of another caller, however many come at once', async () => {
    const app = await startApp(adapter, protectedBy(authModule({ tokenCache: false })));
    const callers = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? alice : bob));
    const answers = await Promise.all(callers.map((token) => send(app, '/me', token)));
    expect(answers).toMatchObject(callers.map((token) => (token === alice ? ALICE : BOB)));
  });

  it('is verified once, however many guards run', async () => {
    let extractions = 0;
    const fromHeader = fromBearerHeader();
    const tokenFrom = (request: unknown) => {
      extractions += 1;
      return fromHeader(request);
    };
    class SecondGuard extends CognitoGuard {}
    @Controller()
    @UseGuards(SecondGuard, CognitoGuard)
    class OrdersController {
      @Get('orders')
      @UseGuards(CognitoGuard, SecondGuard)
      @Groups('admin')
      orders() {
        return {};
      }

      @Get('public')
      @Public()
      public() {
        return {};
      }
    }
    const imports = [authModule({ tokenFrom, protectAll: true, tokenCache: false })];
    const app = await startApp(adapter, { imports, controllers: [OrdersController] });
    expect(await send(app, '/orders', alice)).toMatchObject({ status: 200 });
    expect(extractions).toBe(1);
    expect(await send(app, '/orders', bob)).toMatchObject(refusal('insufficient_group'));
    expect(extractions).toBe(2);
    expect(await send(app, '/public', alice)).toMatchObject({ status: 200 });
    expect(extractions).toBe(2);
  });

  it('has its extractors tried in order', async () => {
    const fromQuery = ({ query }: { query: { token?: string } }) => query.token ?? null;
    const tokenFrom = [fromBearerHeader(), fromQuery];
    const app = await startApp(adapter, protectedBy(authModule({ tokenFrom })));
    expect(await send(app, `/me?token=${bob}`)).toMatchObject(BOB);
    expect(await send(app, `/me?token=${bob}`, alice)).toMatchObject(ALICE);
    expect(await send(app, `/me?token=${bob}`, 'a.b.c')).toMatchObject(refusal('malformed_token'));
    expect(await send(app, `/me?token=${bob}&token=${alice}`)).toMatchObject(
      refusal('malformed_request'),
    );
    expect(await send(app, '/me')).toMatchObject(refusal('missing_token'));
  });
});

describe.each(ADAPTERS)('A refusal on %s', (adapter) => {
  it('reaches exception filters as a CognitoAuthError', async () => {
    @Catch(CognitoAuthError)
    class ProblemFilter implements ExceptionFilter<CognitoAuthError> {
      catch({ code, message }: CognitoAuthError, host: ArgumentsHost) {
        const response = host.switchToHttp().getResponse<{
          status(status: number): { send(body: object): unknown };
        }>();
        response.status(418).send({ code, type: `urn:${code}`, message });
      }
    }
    const app = await startApp(adapter, protectedBy(authModule()), {
      configure: (created) => created.useGlobalFilters(new ProblemFilter()),
    });
    expect(await send(app, '/me')).toMatchObject({
      status: 418,
      challenge: 'Bearer realm="api"',
      body: { code: 'missing_token', type: 'urn:missing_token' },
    });
  });

  it('comes before the handler runs', async () => {
    const calls: string[] = [];
    @Controller()
    class OrdersController {
      @Get('orders')
      @Groups('admin')
      orders(@CurrentUser('username') username: string) {
        calls.push(username);
        return {};
      }

      @Get('feed')
      @OptionalAuth()
      feed() {
        calls.push('feed');
        return {};
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [OrdersController],
    });
    const forged = pool.forgedToken({ username: 'alice' });
    expect(await send(app, '/orders')).toMatchObject(refusal('missing_token'));
    expect(await send(app, '/orders', bob)).toMatchObject(refusal('insufficient_group'));
    expect(await send(app, '/orders', forged)).toMatchObject(refusal('invalid_signature'));
    expect(await send(app, '/feed', forged)).toMatchObject(refusal('invalid_signature'));
    expect(calls).toEqual([]);
  });

  it('works where the handler answers by itself', async () => {
    @Controller()
    class ManualController {
      @Get('manual')
      @Groups('admin')
      manual(@Res() response: { send(body: object): unknown }) {
        response.send({ manual: true });
      }
    }
    const app = await startApp(adapter, {
      imports: [authModule()],
      controllers: [ManualController],
    });
    expect(await send(app, '/manual', alice)).toMatchObject({
      status: 200,
      body: { manual: true },
    });
    expect(await send(app, '/manual', bob)).toMatchObject(refusal('insufficient_group'));
  });
});
