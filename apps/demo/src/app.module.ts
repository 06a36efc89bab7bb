import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { CognitoAuthModule } from 'nestjs-cognito-auth';
import { DemoTokensController } from './demo-tokens.controller.js';
import { FeedController } from './feed.controller.js';
import { HealthController } from './health.controller.js';
import { JobsController } from './jobs.controller.js';
import { LocalPool } from './local-pool.js';
import { MeController } from './me.controller.js';
import { OrdersController } from './orders.controller.js';
import { ProfileController } from './profile.controller.js';
import { StaffController } from './staff.controller.js';

@Module({
  controllers: [
    HealthController,
    MeController,
    ProfileController,
    StaffController,
    OrdersController,
    FeedController,
    JobsController,
  ],
})
export class AppModule {
  /** The API on a local user pool or, without one, on the user pool that the environment names. */
  static forRoot(localPool?: LocalPool): DynamicModule {
    if (!localPool) return { module: AppModule, imports: [CognitoAuthModule.forRoot()] };
    return {
      module: AppModule,
      imports: [CognitoAuthModule.forRoot(localPool.options())],
      controllers: [DemoTokensController],
      providers: [{ provide: LocalPool, useValue: localPool }],
    };
  }
}
