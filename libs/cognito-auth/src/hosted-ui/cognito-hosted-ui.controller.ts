import { Controller, Get, Post, UseFilters, UseGuards, VERSION_NEUTRAL } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { Public } from '../index.js';
import { HostedUiExceptionFilter } from './hosted-ui-exception.filter.js';
import { HostedUiRoutesGuard } from './hosted-ui-routes.guard.js';

/**
 * The controller of one registration: the path of its routes is written into the class.
 *
 * `HostedUiRoutesGuard` answers; the methods are there to be found by Nest and are never called.
 */
export function createHostedUiController(path: string): Type<unknown> {
  @Public()
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseGuards(HostedUiRoutesGuard)
  @UseFilters(HostedUiExceptionFilter)
  class CognitoHostedUiController {
    @Get('login')
    login() {}

    @Get('signup')
    signUp() {}

    @Get('forgot-password')
    forgotPassword() {}

    @Get('passkeys')
    passkeys() {}

    @Get('callback')
    callback() {}

    @Get('session')
    session() {}

    @Post('refresh')
    refresh() {}

    @Get('logout')
    logout() {}

    @Post('logout')
    logoutByForm() {}
  }
  hideFromSwagger(CognitoHostedUiController);
  return CognitoHostedUiController;
}

/** Does the work of `@ApiExcludeController()`: the package need not be there. */
function hideFromSwagger(controller: Type<unknown>): void {
  Reflect.defineMetadata('swagger/apiExcludeController', [true], controller);
}
