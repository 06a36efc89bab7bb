import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CurrentUser, UsersOnly } from 'nestjs-cognito-auth';
import { RedirectToLogin } from 'nestjs-cognito-auth/hosted-ui';
import type { Account } from '../users/account.js';
import type { Caller } from '../users/account.identity.js';
import { detailsList, markup, timeOf } from './markup.js';
import { pageIn, type PageResponse } from './page.js';

@ApiExcludeController()
@Controller('account')
export class AccountController {
  @Get()
  @UsersOnly()
  account(
    @CurrentUser() { account }: Caller & { readonly account: Account },
    @Res({ passthrough: true }) response: PageResponse,
  ) {
    const details = detailsList({
      Row: String(account.id),
      Username: account.username,
      Name: account.name,
      Email: account.email,
      'Here since': timeOf(account.createdAt),
    });
    const content = markup`<p>What the database knows of you, and shows to nobody else.</p>
${details}
<ul><li><a href="/">Back</a></li></ul>`;
    return pageIn(response, { title: 'Your account', content });
  }
}

/** The same page where browsers can sign in. */
@ApiExcludeController()
@Controller('account')
@RedirectToLogin()
export class BrowserAccountController extends AccountController {}
