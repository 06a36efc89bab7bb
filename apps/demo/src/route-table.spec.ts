import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Authenticated,
  Check,
  CognitoAuthModule,
  CognitoAuthService,
  Groups,
  OptionalAuth,
  Permissions,
  Public,
  Scopes,
  TokenUse,
  UserPool,
  UsersOnly,
} from 'nestjs-cognito-auth';
import { LocalUserPool } from 'nestjs-cognito-auth/testing';
import { expect, it } from 'vitest';
import { routeTable } from './route-table.js';

const isPaying = () => true;

@Controller()
class RuledController {
  @Get('open')
  open() {}

  @Get('public')
  @Public()
  public() {}

  @Get('any')
  @Authenticated()
  any() {}

  @Get('feed')
  @OptionalAuth()
  feed() {}

  @Get('staff')
  @UserPool('staff')
  @TokenUse('access', 'id')
  @UsersOnly()
  staff() {}

  @Get('groups')
  @Groups({ any: ['a', 'b'], all: ['c', 'd'], none: ['e', 'f'] })
  groups() {}

  @Get('scopes')
  @Scopes({ any: ['orders/read', 'orders/write'] })
  scopes() {}

  @Get('reports')
  @Permissions('reports:read', 'reports:print')
  @Check(isPaying)
  reports() {}
}

it('The table of routes says in words who may call what', async () => {
  const pool = await LocalUserPool.create();
  const app = await Test.createTestingModule({
    imports: [
      CognitoAuthModule.forRoot({
        ...pool.options({ name: 'staff' }),
        permissions: { useValue: { permissionsOf: () => [] } },
      }),
    ],
    controllers: [RuledController],
  }).compile();

  const table = routeTable(app.get(CognitoAuthService).routes());

  expect(table.split('\n')).toEqual([
    'Method  Path      Rule                                                       Handler',
    'GET     /open     OPEN: no guard                                             RuledController.open',
    'GET     /public   public                                                     RuledController.public',
    'GET     /any      authenticated                                              RuledController.any',
    'GET     /feed     token optional                                             RuledController.feed',
    'GET     /staff    user pool staff; token use access or id; users only        RuledController.staff',
    'GET     /groups   group a or b; group c and d; no group e or f               RuledController.groups',
    'GET     /scopes   scope orders/read or orders/write                          RuledController.scopes',
    'GET     /reports  permission reports:read and reports:print; check isPaying  RuledController.reports',
  ]);
  await app.close();
});
