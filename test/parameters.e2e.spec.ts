import { Controller, Get, Injectable, ParseBoolPipe, UseGuards } from '@nestjs/common';
import type {
  CanActivate,
  ExecutionContext,
  INestApplication,
  PipeTransform,
} from '@nestjs/common';
import {
  Authenticated,
  Claims,
  CognitoAuthModule,
  CognitoGuard,
  CurrentUser,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
  TokenUse,
} from 'nestjs-cognito-auth';
import type {
  CognitoAuthOptions,
  CognitoClaims,
  CognitoPrincipal,
  CognitoUser,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADAPTERS, createApp, send, startApp } from './support/app.js';
import type { Adapter } from './support/app.js';
import { refusal } from './support/refusals.js';

/** Puts a user of the application in the place of the principal. */
class LoadUserGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ user: object }>();
    request.user = { id: 7, name: (request.user as CognitoUser).username };
    return true;
  }
}

/** Lets in whom our guard refuses. */
@Injectable()
class ForgivingGuard extends CognitoGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    try {
      return await super.canActivate(context);
    } catch {
      return true;
    }
  }
}

class ShoutPipe implements PipeTransform<unknown> {
  constructor(private readonly mark = '!') {}

  transform(value: unknown) {
    return `${JSON.stringify(value)}${this.mark}`;
  }
}

interface User {
  id: number;
  name: string;
}

@Controller()
class ParametersController {
  @Get('all')
  @TokenUse('access', 'id')
  all(
    @CurrentUser() user: CognitoUser,
    @Principal() principal: CognitoPrincipal,
    @Claims() claims: CognitoClaims,
    @RawToken() token: string,
  ) {
    return { isSame: user === principal && principal.claims === claims, user, claims, token };
  }

  @Get('members')
  @TokenUse('access', 'id')
  members(
    @CurrentUser('username') username: string,
    @CurrentUser('email') email: string | undefined,
    @CurrentUser('expiresAt') expiresAt: Date,
    @Claims('custom:tenant') tenant: string | undefined,
    @Claims('cognito:groups') groups: string[] | undefined,
  ) {
    return { username, email, isDate: expiresAt instanceof Date, tenant, groups };
  }

  @Get('inherited')
  @Authenticated()
  inherited(
    @CurrentUser('constructor' as never) ofUser: unknown,
    @Claims('__proto__') prototype: unknown,
    @Claims('toString') ofClaims: unknown,
  ) {
    return { found: [ofUser, prototype, ofClaims].filter((value) => value !== undefined) };
  }

  @Get('piped')
  @TokenUse('id')
  piped(
    @CurrentUser('username', ShoutPipe) username: string,
    @CurrentUser('username', new ShoutPipe('?'), ShoutPipe) twice: string,
    @Claims('email_verified', ParseBoolPipe) verified: boolean,
  ) {
    return { username, twice, verified };
  }

  @Get('piped-whole')
  @Authenticated()
  pipedWhole(
    @CurrentUser(ShoutPipe) user: string,
    @Principal(new ShoutPipe('.')) principal: string,
    @Claims(new ShoutPipe(';'), ShoutPipe) claims: string,
    @RawToken(ShoutPipe) token: string,
  ) {
    return [user, principal, claims, token].map((text) => text.slice(-2));
  }

  @Get('replaced')
  @UseGuards(CognitoGuard, LoadUserGuard)
  replaced(
    @CurrentUser() user: User,
    @CurrentUser<User>('id') id: number,
    @Principal() { kind }: CognitoPrincipal,
  ) {
    return { user, id, kind };
  }
}

/** Routes that may be entered without a token. */
@Controller()
class OpenController {
  @Get('optional')
  @OptionalAuth()
  optional(
    @CurrentUser() user: unknown,
    @CurrentUser('username') username: unknown,
    @Principal() principal: unknown,
    @Claims() claims: unknown,
    @Claims('sub') sub: unknown,
    @RawToken() token: unknown,
  ) {
    return { known: whatIsKnown({ user, username, principal, claims, sub, token }) };
  }

  @Get('public')
  @Public()
  public(
    @CurrentUser() user: unknown,
    @CurrentUser('username') username: unknown,
    @Principal() principal: unknown,
    @Claims() claims: unknown,
    @Claims('sub') sub: unknown,
    @RawToken() token: unknown,
  ) {
    return { known: whatIsKnown({ user, username, principal, claims, sub, token }) };
  }

  @Get('forgiving')
  @UseGuards(ForgivingGuard)
  forgiving(
    @CurrentUser() user: unknown,
    @Principal() principal: unknown,
    @Claims() claims: unknown,
    @RawToken() token: unknown,
  ) {
    return { known: whatIsKnown({ user, principal, claims, token }) };
  }
}

/** The names of what is not undefined. */
function whatIsKnown(values: object): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name]));
}

let pool: LocalUserPool;
let alice: string;

beforeAll(async () => {
  pool = await LocalUserPool.create({
    users: [
      {
        username: 'alice',
        email: 'alice@example.com',
        groups: ['admin'],
        attributes: { 'custom:tenant': 'acme' },
      },
    ],
  });
  alice = pool.accessToken('alice');
});

function start(adapter: Adapter, options: Partial<CognitoAuthOptions> = {}) {
  return createApp(adapter, {
    imports: [CognitoAuthModule.forRoot({ ...pool.options(), ...options })],
    controllers: [ParametersController, OpenController],
  });
}

describe.each(ADAPTERS)('Parameter decorators on %s', (adapter) => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await start(adapter);
  });

  afterAll(() => app.close());

  it('give the user, the principal, the claims and the token', async () => {
    const { status, body } = await send(app, '/all', alice);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      isSame: true,
      user: { kind: 'user', username: 'alice', groups: ['admin'], tokenUse: 'access' },
      claims: { username: 'alice', token_use: 'access', iss: pool.issuer },
      token: alice,
    });
  });

  it('give the same of a token that is remembered', async () => {
    const first = await send(app, '/all', alice);
    expect(await send(app, '/all', alice)).toMatchObject({ status: 200, body: first.body });
    expect(await send(app, '/all', alice)).toMatchObject({ status: 200, body: first.body });
  });

  it('give single members, and undefined for those that are not there', async () => {
    expect((await send(app, '/members', pool.idToken('alice'))).body).toEqual({
      username: 'alice',
      email: 'alice@example.com',
      isDate: true,
      tenant: 'acme',
      groups: ['admin'],
    });
    expect((await send(app, '/members', alice)).body).toEqual({
      username: 'alice',
      isDate: true,
      groups: ['admin'],
    });
  });

  it('give no member that is only inherited', async () => {
    expect((await send(app, '/inherited', alice)).body).toEqual({ found: [] });
  });

  it('hand a member to pipes, classes or instances', async () => {
    expect((await send(app, '/piped', pool.idToken('alice'))).body).toEqual({
      username: '"alice"!',
      twice: String.raw`"\"alice\"?"!`,
      verified: true,
    });
  });

  it('hand the whole to pipes', async () => {
    expect((await send(app, '/piped-whole', alice)).body).toEqual(['}!', '}.', '"!', '"!']);
  });

  it('give what a guard after ours puts in the place of the principal', async () => {
    expect((await send(app, '/replaced', alice)).body).toEqual({
      user: { id: 7, name: 'alice' },
      id: 7,
      kind: 'user',
    });
  });

  it('give undefined to an anonymous caller', async () => {
    expect(await send(app, '/optional')).toMatchObject({ status: 200, body: { known: [] } });
  });

  it('give everything to a known caller of a route that is open to others', async () => {
    expect(await send(app, '/optional', alice)).toMatchObject({
      status: 200,
      body: { known: ['user', 'username', 'principal', 'claims', 'sub', 'token'] },
    });
  });

  it('give nothing on a public route, where no token is looked at', async () => {
    expect(await send(app, '/public', alice)).toMatchObject({ status: 200, body: { known: [] } });
  });

  it('give nothing of a token that was refused, even where the refusal is ignored', async () => {
    const forged = pool.forgedToken({ username: 'alice' });
    expect(await send(app, '/forgiving', forged)).toMatchObject({
      status: 200,
      body: { known: [] },
    });
    expect(await send(app, '/forgiving')).toMatchObject({ status: 200, body: { known: [] } });
    expect(await send(app, '/forgiving', alice)).toMatchObject({
      status: 200,
      body: { known: ['user', 'principal', 'claims', 'token'] },
    });
    expect(await send(app, '/all', forged)).toMatchObject(refusal('invalid_signature'));
  });
});

describe.each(ADAPTERS)('@CurrentUser() with another property on %s', (adapter) => {
  it('reads that property only', async () => {
    const app = await startApp(
      adapter,
      {
        imports: [CognitoAuthModule.forRoot({ ...pool.options(), property: 'caller' })],
        controllers: [OpenController],
      },
      // As another library in the same application does it.
      { configure: (created) => created.useGlobalGuards(new SomebodyElsesGuard()) },
    );
    expect(await send(app, '/optional', alice)).toMatchObject({
      body: { known: expect.arrayContaining(['user', 'username']) },
    });
    expect(await send(app, '/optional')).toMatchObject({ status: 200, body: { known: [] } });
  });
});

/** Puts a user on the request that has nothing to do with Cognito. */
class SomebodyElsesGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user: object }>().user = { username: 'mallory' };
    return true;
  }
}
