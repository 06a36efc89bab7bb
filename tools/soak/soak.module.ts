import { Controller, Get, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Authenticated, CognitoAuthModule, CurrentUser } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';

@Controller()
class MeController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return { username };
  }
}

/** An application with one protected route. */
@Module({ controllers: [MeController] })
export class SoakModule {
  static with(options: CognitoAuthOptions): DynamicModule {
    return { module: SoakModule, imports: [CognitoAuthModule.forRoot(options)] };
  }
}
