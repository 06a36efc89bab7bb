import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CognitoAuthModule, fromBearerHeader, MemoryRevocationStore } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { CognitoHostedUiModule, fromSession } from 'nestjs-cognito-auth/hosted-ui';
import { DemoTokensController } from './demo-tokens.controller.js';
import { FeedController } from './feed.controller.js';
import { HealthController } from './health.controller.js';
import { JobsController } from './jobs.controller.js';
import { LocalPool } from './local-pool.js';
import { MeController } from './me.controller.js';
import { OrdersController } from './orders.controller.js';
import { AccountController, BrowserAccountController } from './pages/account.controller.js';
import { HomeController, SIGN_IN } from './pages/home.controller.js';
import { ProfileController } from './profile.controller.js';
import type { SignIn } from './sign-in.js';
import { StaffController } from './staff.controller.js';
import { AccountIdentity } from './users/account.identity.js';
import { LocalUsersSeed } from './users/local-users.seed.js';
import { RolePermissions } from './users/role.permissions.js';
import { SessionsController } from './users/sessions.controller.js';
import { UsersModule } from './users/users.module.js';

@Module({
  controllers: [
    HealthController,
    MeController,
    ProfileController,
    StaffController,
    OrdersController,
    SessionsController,
    FeedController,
    JobsController,
    HomeController,
  ],
})
export class AppModule {
  /** The API on a local user pool or, without one, on the user pool that the environment names. */
  static forRoot(signIn: SignIn, localPool?: LocalPool): DynamicModule {
    return {
      module: AppModule,
      imports: [protectionOf(signIn, localPool?.options()), ...signInModules(signIn), UsersModule],
      controllers: [
        ...(localPool ? [DemoTokensController] : []),
        signIn.options ? BrowserAccountController : AccountController,
      ],
      providers: [
        { provide: SIGN_IN, useValue: signIn },
        ...(localPool ? [{ provide: LocalPool, useValue: localPool }, LocalUsersSeed] : []),
      ],
    };
  }
}

function protectionOf(signIn: SignIn, options: CognitoAuthOptions = {}): DynamicModule {
  return CognitoAuthModule.forRoot({
    ...options,
    tokenFrom: [fromBearerHeader(), ...(signIn.options ? [fromSession({ refresh: true })] : [])],
    imports: [UsersModule],
    identity: AccountIdentity,
    permissions: RolePermissions,
    revocation: MemoryRevocationStore,
  });
}

function signInModules({ options }: SignIn): DynamicModule[] {
  return options ? [CognitoHostedUiModule.forRoot(options)] : [];
}
