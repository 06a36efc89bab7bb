// What must compile and what must not: checked by `npm run typecheck`, never run.
import type { INestApplication } from '@nestjs/common';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import {
  assertNoUnprotectedRoutes,
  Check,
  CognitoAuthModule,
  CognitoAuthService,
  CurrentUser,
  KeyvRevocationStore,
  MemoryRevocationStore,
  Permissions,
  UserPool,
} from 'nestjs-cognito-auth';
import type {
  AccessCheck,
  AccessRules,
  CognitoAuthExtras,
  CognitoPrincipal,
  IdentityResolver,
  KeyvLike,
  PermissionsProvider,
  ProviderOf,
  RevocationStore,
  RouteInfo,
  VerifyRules,
} from 'nestjs-cognito-auth';
import { expectTypeOf } from 'vitest';

declare const service: CognitoAuthService;
declare const app: INestApplication;

interface Account {
  id: number;
  get greeting(): string;
}

class AccountOfUser implements IdentityResolver<Account> {
  async resolve(principal: CognitoPrincipal): Promise<Account | null> {
    return principal.kind === 'user' ? { id: 1, greeting: principal.username } : null;
  }
}

class PermissionsOfAccount implements PermissionsProvider<Account> {
  permissionsOf(_principal: CognitoPrincipal, account: Account): string[] {
    return [`accounts:${account.id}`];
  }
}

abstract class Accounts implements IdentityResolver<Account> {
  abstract resolve(principal: CognitoPrincipal): Account | null;
}

class Nothing {
  readonly nothing = true;
}

// Hooks
const extras: CognitoAuthExtras = {
  imports: [],
  identity: AccountOfUser,
  groups: { useValue: { groupsOf: () => ['admin'] } },
  permissions: { useClass: PermissionsOfAccount },
  revocation: MemoryRevocationStore,
};
CognitoAuthModule.forRoot(extras);
CognitoAuthModule.forRootAsync({ useFactory: () => ({}), ...extras });
expectTypeOf<typeof Accounts>().not.toExtend<ProviderOf<IdentityResolver>>();
expectTypeOf<{ useExisting: typeof Accounts }>().toExtend<ProviderOf<IdentityResolver>>();
expectTypeOf<{ useValue: { resolve: () => false | Account } }>().toExtend<
  ProviderOf<IdentityResolver>
>();
expectTypeOf<{ useValue: { resolve: () => Promise<string | undefined> } }>().toExtend<
  ProviderOf<IdentityResolver>
>();
expectTypeOf<{ resolve: () => boolean }>().not.toExtend<IdentityResolver>();
expectTypeOf<{ resolve: () => Promise<bigint> }>().not.toExtend<IdentityResolver>();
expectTypeOf<{ useExisting: 'ACCOUNTS' }>().toExtend<ProviderOf<IdentityResolver>>();
expectTypeOf<{ useFactory: () => Promise<AccountOfUser> }>().toExtend<
  ProviderOf<IdentityResolver>
>();
CognitoAuthModule.forRoot({
  identity: {
    useFactory: (accounts: AccountOfUser) => accounts,
    inject: [AccountOfUser, Accounts, 'TOKEN', { token: Nothing, optional: true }],
  },
});
// @ts-expect-error -- no such method
CognitoAuthModule.forRoot({ identity: Nothing });
// @ts-expect-error -- no such method
CognitoAuthModule.forRoot({ identity: { useClass: Nothing } });
// @ts-expect-error -- no such method
CognitoAuthModule.forRoot({ groups: { useValue: {} } });
// @ts-expect-error -- a factory that may return nothing would be no hook
CognitoAuthModule.forRoot({ revocation: { useFactory: () => undefined } });
// @ts-expect-error -- groups are names
CognitoAuthModule.forRoot({ groups: { useValue: { groupsOf: () => [1] } } });
// @ts-expect-error -- a store answers yes or no
CognitoAuthModule.forRoot({ revocation: { useValue: { isRevoked: async () => undefined } } });

// Rules
UserPool('staff', 'customers');
// @ts-expect-error -- which one?
UserPool();
Permissions('orders:read');
// @ts-expect-error -- which one?
Permissions();
Check((principal, context) => {
  expectTypeOf(principal).toEqualTypeOf<CognitoPrincipal>();
  return context.getHandler().length > 0;
});
Check(async ({ groups }) => groups.includes('admin'), 'For admins');
Check(
  class implements AccessCheck {
    readonly message = 'For admins';
    check = ({ groups }: CognitoPrincipal) => groups.includes('admin');
  },
);
// @ts-expect-error -- only true admits
Check(() => 'yes');
// @ts-expect-error -- no such method
Check(Nothing);
// @ts-expect-error -- a message is a text
Check(() => true, 7);

// @CurrentUser()
CurrentUser<Account>('greeting');
// @ts-expect-error -- no such property
CurrentUser<Account>('username');

// Revocation
expectTypeOf(new KeyvRevocationStore(new Keyv())).toExtend<RevocationStore>();
expectTypeOf(new Keyv(new KeyvRedis('redis://127.0.0.1'))).toExtend<KeyvLike>();
void service.revoke({ jti: 'a' });
void service.revoke({ originJti: 'a' }, new Date());
void service.revoke({ sub: 'a', issuedBefore: new Date() });
// @ts-expect-error -- before when?
void service.revoke({ sub: 'a' });
// @ts-expect-error -- what?
void service.revoke({});

// CognitoAuthService
expectTypeOf<Parameters<CognitoAuthService['verify']>>().toEqualTypeOf<
  [token: string, rules?: VerifyRules]
>();
void service.verify('a.b.c', { groups: ['admin'], scopes: { any: ['openid'] }, tokenUse: 'id' });
// @ts-expect-error -- names are lists
void service.verify('a.b.c', { groups: 'admin' });
// @ts-expect-error -- no such list
void service.verify('a.b.c', { scopes: { none: ['openid'] } });
expectTypeOf(service.routes()).toEqualTypeOf<RouteInfo[]>();
expectTypeOf(service.rulesOf(Nothing, () => 1)).toEqualTypeOf<AccessRules | undefined>();
assertNoUnprotectedRoutes(app, { except: ['/metrics', /^GET/] });
// @ts-expect-error -- a list
assertNoUnprotectedRoutes(app, { except: '/metrics' });
