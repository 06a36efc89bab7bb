// What must compile and what must not: checked by `npm run typecheck`, never run.
import { Controller, Get, ParseIntPipe } from '@nestjs/common';
import {
  Authenticated,
  Claims,
  ClientsOnly,
  CognitoAuthError,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  fromBearerHeader,
  Groups,
  OptionalAuth,
  Principal,
  Public,
  RawToken,
  Scopes,
  TokenUse,
  UsersOnly,
} from 'nestjs-cognito-auth';
import type {
  VerifyRules,
  CognitoAuthErrorCode,
  CognitoAuthOptions,
  CognitoAuthOptionsFactory,
  CognitoPrincipal,
  CognitoUser,
  TokenExtractor,
  UserPoolOptions,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { ExtractJwt } from 'passport-jwt';
import { expectTypeOf } from 'vitest';

declare const service: CognitoAuthService;
declare const principal: CognitoPrincipal;
declare const pool: LocalUserPool;
declare const options: CognitoAuthOptions;

const userPoolId = 'eu-west-1_AbCdEf123';
const clientId = '1h57kf5cpq17m0eml12EXAMPLE';

// CognitoAuthModule.forRoot()
CognitoAuthModule.forRoot();
CognitoAuthModule.forRoot({});
CognitoAuthModule.forRoot(options);
CognitoAuthModule.forRoot({ userPoolId, clientId });
CognitoAuthModule.forRoot({ userPoolId, clientId: [clientId], protectAll: true, isGlobal: false });
CognitoAuthModule.forRoot({ userPoolId, clientId: null, tokenUse: ['access', 'id'] });
CognitoAuthModule.forRoot({ userPools: [{ name: 'staff', userPoolId, clientId }] });
CognitoAuthModule.forRoot({ tokenFrom: [fromBearerHeader(), ExtractJwt.fromHeader('x-token')] });
CognitoAuthModule.forRoot({
  tokenFrom: (request: { cookies: { t?: string } }) => request.cookies.t,
});
CognitoAuthModule.forRoot({ tokenCache: false, keys: { preload: 'required' } });
CognitoAuthModule.forRoot({ tokenCache: { maxEntries: 10 }, unsafe: { ignoreExpiration: true } });
CognitoAuthModule.forRoot({ userPoolId: undefined, clientId: undefined, realm: undefined });
CognitoAuthModule.forRoot({
  keys: { maxAge: undefined },
  protectAll: undefined,
  isGlobal: undefined,
});
CognitoAuthModule.forRoot(pool.options());
CognitoAuthModule.forRoot(pool.options({ clientId: null, protectAll: true }));
CognitoAuthModule.forRoot({
  userPoolId,
  region: 'eu-west-1',
  clientId: ['web', { clientId: 'cli' }],
});
CognitoAuthModule.forRoot({ userPoolId, clientId: [{ clientId, audience: null }] });
CognitoAuthModule.forRoot({
  userPools: [{ userPoolId, clientId: [{ clientId, audience: ['https://a.example'] }] }],
});
CognitoAuthModule.forRoot({ userPoolId, clientId, region: undefined, keys: { maxAge: undefined } });
// @ts-expect-error -- several app clients are a list, also where one has an audience
CognitoAuthModule.forRoot({ userPoolId, clientId: { clientId, audience: null } });
// @ts-expect-error -- no audience is asked of one app client, not of a user pool by null
CognitoAuthModule.forRoot({ userPoolId, clientId, audience: null });
// @ts-expect-error -- misspelt
CognitoAuthModule.forRoot({ userPoolID: userPoolId });
// @ts-expect-error -- a resource server cannot verify refresh tokens
CognitoAuthModule.forRoot({ tokenUse: 'refresh' });
// @ts-expect-error -- seconds, not text
CognitoAuthModule.forRoot({ clockTolerance: '5s' });
// @ts-expect-error -- weakening must be written out
CognitoAuthModule.forRoot({ clientId: undefined as boolean | undefined });
// @ts-expect-error -- a user pool of a list says which app clients it accepts
CognitoAuthModule.forRoot({ userPools: [{ userPoolId }] });
// @ts-expect-error -- only false switches the memory off
CognitoAuthModule.forRoot({ tokenCache: true });
// @ts-expect-error -- no such moment
CognitoAuthModule.forRoot({ keys: { preload: 'eager' } });
// @ts-expect-error -- an extractor finds text
CognitoAuthModule.forRoot({ tokenFrom: () => 7 });
// @ts-expect-error -- no such weakening
CognitoAuthModule.forRoot({ unsafe: { skipEverything: true } });

// CognitoAuthModule.forRootAsync()
class OptionsFactory implements CognitoAuthOptionsFactory {
  create() {
    return Promise.resolve({ userPoolId, clientId });
  }
}
CognitoAuthModule.forRootAsync({ useFactory: () => ({ userPoolId, clientId }), protectAll: true });
CognitoAuthModule.forRootAsync({ useFactory: () => Promise.resolve(options), isGlobal: false });
CognitoAuthModule.forRootAsync({ useClass: OptionsFactory });
CognitoAuthModule.forRootAsync({ useExisting: OptionsFactory });
// @ts-expect-error -- the factory makes no options
CognitoAuthModule.forRootAsync({ useFactory: () => ({ userPoolId: 7 }) });

// Options cannot be had by halves, and need not be mutable.
expectTypeOf<{
  readonly userPoolId: string;
  readonly clientId: readonly string[];
}>().toExtend<UserPoolOptions>();
expectTypeOf<{ userPoolId: string }>().not.toExtend<UserPoolOptions>();

// Rules
Groups('admin');
Groups('admin', 'support');
Groups({ any: ['a'], all: ['b'], none: ['c'] });
Scopes('orders/read');
Scopes({ any: ['a'], all: ['b'] });
TokenUse('id');
TokenUse('access', 'id');
// @ts-expect-error -- no group at all
Groups();
// @ts-expect-error -- names, not a list of them
Groups(['admin']);
// @ts-expect-error -- a rule or names, not both
Groups('admin', { none: ['suspended'] });
// @ts-expect-error -- misspelt
Groups({ anyOf: ['admin'] });
// @ts-expect-error -- no scope at all
Scopes();
// @ts-expect-error -- a scope that must not be held is no rule
Scopes({ none: ['orders/read'] });
// @ts-expect-error -- no kind at all
TokenUse();
// @ts-expect-error -- no such kind
TokenUse('refresh');
// @ts-expect-error -- takes nothing
Public(true);

@Controller()
@Authenticated()
class OrdersController {
  @Get()
  @Groups('admin')
  @UsersOnly()
  @OptionalAuth()
  list(
    @CurrentUser() _user: CognitoUser,
    @CurrentUser('email') _email: string | undefined,
    @CurrentUser('expiresAt', ParseIntPipe) _expiresAt: number,
    @CurrentUser(ParseIntPipe) _piped: number,
    @CurrentUser<{ id: number }>('id') _id: number,
    @Principal() _principal: CognitoPrincipal,
    @Claims() _claims: CognitoPrincipal['claims'],
    @Claims('custom:tenant') _tenant: string,
    @Claims('exp', new ParseIntPipe()) _exp: number,
    @RawToken() _token: string,
    @CurrentUser('accountId') _ofOwnUser: number,
    @CurrentUser<{ id: number } | null>('id') _known: number,
    @CurrentUser<{ id: number } | undefined>('id', ParseIntPipe) _sent: number,
    @CurrentUser<CognitoUser>('email') _checked: string | undefined,
    // @ts-expect-error -- a user of Cognito has no such property
    @CurrentUser<CognitoUser>('mail') _mail: string,
    // @ts-expect-error -- nor has that user
    @CurrentUser<{ id: number }>('username') _username: string,
    // @ts-expect-error -- a principal is not had in parts
    @Principal('username') _part: string,
    // @ts-expect-error -- names are text
    @Claims(7) _number: string,
  ) {}

  // @ts-expect-error -- a rule is about routes
  @ClientsOnly()
  property = 1;
}
expectTypeOf(OrdersController).toBeConstructibleWith();

// Principals
if (principal.kind === 'user') {
  expectTypeOf(principal).toEqualTypeOf<CognitoUser>();
  expectTypeOf(principal.username).toBeString();
  expectTypeOf(principal.sub).toBeString();
} else {
  expectTypeOf(principal.sub).toEqualTypeOf<string | undefined>();
  // @ts-expect-error -- a machine has no name
  expectTypeOf(principal.username).toBeString();
}
// @ts-expect-error -- nor has who may be one
expectTypeOf(principal.username).toBeString();
expectTypeOf(principal.groups).toEqualTypeOf<readonly string[]>();
expectTypeOf(principal.tokenUse).toEqualTypeOf<'access' | 'id'>();
expectTypeOf(principal.claims['custom:tenant']).toBeUnknown();
expectTypeOf(principal.claims.exp).toBeNumber();
// @ts-expect-error -- a principal does not change
principal.userPool = 'staff';
// @ts-expect-error -- nor do its groups
principal.groups.push('admin');

// CognitoAuthService
expectTypeOf(service.verify('a.b.c')).resolves.toEqualTypeOf<CognitoPrincipal>();
expectTypeOf<CognitoAuthService['verify']>().parameter(1).toEqualTypeOf<VerifyRules | undefined>();
// @ts-expect-error -- who verifies a token needs one
void service.verify('a.b.c', { mode: 'optional' });
// @ts-expect-error -- names are lists
void service.verify('a.b.c', { groups: { any: 'admin' } });

// Errors and extractors
expectTypeOf(
  new CognitoAuthError('token_expired', 'Too late').code,
).toEqualTypeOf<CognitoAuthErrorCode>();
// @ts-expect-error -- no such code
export const unknownCode = new CognitoAuthError('expired', 'Too late');
expectTypeOf(fromBearerHeader()).toEqualTypeOf<TokenExtractor>();
expectTypeOf(ExtractJwt.fromAuthHeaderAsBearerToken()).toExtend<TokenExtractor>();
