import { Controller, Get, Header, HttpException, Inject, Optional, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from 'nestjs-cognito-auth';
import { CognitoHostedUiService } from 'nestjs-cognito-auth/hosted-ui';
import type { SignIn } from '../sign-in.js';
import { homePage, type Visitor } from './home.page.js';
import { pageIn, type PageResponse } from './page.js';
import { PAGE_SCRIPT } from './page.script.js';

/** Injection token of how people sign in. */
export const SIGN_IN = Symbol('SIGN_IN');

@ApiExcludeController()
@Public()
@Controller()
export class HomeController {
  constructor(
    @Inject(SIGN_IN) private readonly signIn: SignIn,
    // Absent where nobody can sign in with a browser.
    @Optional() private readonly hostedUi?: CognitoHostedUiService,
  ) {}

  @Get()
  async home(@Req() request: object, @Res({ passthrough: true }) response: PageResponse) {
    const visitor = await this.visitorOf(request);
    if (visitor.problem && visitor.problem.getStatus() >= 500) {
      response.status(visitor.problem.getStatus());
    }
    return pageIn(response, homePage(this.signIn, visitor));
  }

  @Get('page.js')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  script() {
    return PAGE_SCRIPT;
  }

  /** A session that was revoked, or that nobody can tell anything about just now, is not an error page. */
  private async visitorOf(request: object): Promise<Visitor> {
    try {
      return { session: await this.hostedUi?.session(request) };
    } catch (problem) {
      if (problem instanceof HttpException) return { problem };
      throw problem;
    }
  }
}
