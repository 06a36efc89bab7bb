import {
  Controller,
  Get,
  Header,
  HttpCode,
  Inject,
  Post,
  Query,
  Redirect,
  Req,
  UseFilters,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { CognitoAuthError, Public } from '../index.js';
import { CognitoHostedUiService } from './cognito-hosted-ui.service.js';
import type { CognitoSession } from './cognito-hosted-ui.service.js';
import { HostedUiExceptionFilter } from './hosted-ui-exception.filter.js';

/** The controller of one registration: where its routes are is written into the class. */
export function createHostedUiController(path: string): Type<unknown> {
  @Public()
  @Controller({ path, version: VERSION_NEUTRAL })
  @UseFilters(HostedUiExceptionFilter)
  class CognitoHostedUiController {
    constructor(
      @Inject(CognitoHostedUiService) private readonly hostedUi: CognitoHostedUiService,
    ) {}

    @Get('login')
    @Redirect()
    @Header('Cache-Control', 'no-store')
    async login(@Req() request: object, @Query('returnTo') returnTo: unknown) {
      return { url: await this.hostedUi.login(request, returnTo) };
    }

    @Get('callback')
    @Redirect()
    @Header('Cache-Control', 'no-store')
    async callback(@Req() request: object) {
      return { url: await this.hostedUi.callback(request) };
    }

    @Get('session')
    @Header('Cache-Control', 'no-store')
    async session(@Req() request: object) {
      const session = await this.hostedUi.session(request);
      if (session) return profileOf(session);
      throw new CognitoAuthError('missing_token', 'Nobody is signed in');
    }

    @Post('refresh')
    @HttpCode(200)
    @Header('Cache-Control', 'no-store')
    async refresh(@Req() request: object) {
      const { expiresAt } = await this.hostedUi.refresh(request);
      return { expiresAt };
    }

    @Get('logout')
    @Redirect()
    @Header('Cache-Control', 'no-store')
    async logout(@Req() request: object) {
      return { url: await this.hostedUi.logout(request) };
    }

    @Post('logout')
    @Redirect()
    @Header('Cache-Control', 'no-store')
    logoutByForm(@Req() request: object) {
      return this.logout(request);
    }
  }
  hideFromSwagger(CognitoHostedUiController);
  return CognitoHostedUiController;
}

/** What a page may know about its user: no token, and no claim that is not about the user. */
function profileOf({ user, identity, expiresAt }: CognitoSession) {
  const { sub, groups, scopes, authTime } = user;
  const { username, email, emailVerified, name } = { ...user, ...identity } as ProfileClaims;
  const { customAttributes } = identity;
  return {
    sub,
    username,
    email,
    emailVerified,
    name,
    groups,
    scopes,
    customAttributes,
    authTime,
    expiresAt,
  };
}

interface ProfileClaims {
  readonly username?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
}

/** What `@ApiExcludeController()` does: the package need not be there. */
function hideFromSwagger(controller: Type<unknown>): void {
  Reflect.defineMetadata('swagger/apiExcludeController', [true], controller);
}
