import { Controller, Get } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { Authenticated, CurrentUser } from 'nestjs-cognito-auth';

/** One protected route that tells who asks. */
@Controller()
export class MeController {
  @Get('me')
  @Authenticated()
  me(@CurrentUser('username') username: string) {
    return { username };
  }
}

/** What `/me` answers a user. */
export function greetingOf(username: string): object {
  return { status: 200, body: { username } };
}

/** The root module of an application whose `/me` is protected by this module. */
export function protectedBy(module: DynamicModule): ModuleMetadata {
  return { imports: [module], controllers: [MeController] };
}
