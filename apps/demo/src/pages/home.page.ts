import type { HttpException } from '@nestjs/common';
import type { CognitoSession, CognitoHostedUiOptions } from 'nestjs-cognito-auth/hosted-ui';
import type { SignIn } from '../sign-in.js';
import { detailsList, type Markup, markup, timeOf } from './markup.js';
import type { Page } from './page.js';

/** Who has opened the page, or why nobody can tell. */
export interface Visitor {
  readonly session?: CognitoSession | null;
  readonly problem?: HttpException;
}

/** Says who is signed in, and lets people sign in and out. */
export function homePage(signIn: SignIn, visitor: Visitor): Page {
  const { options } = signIn;
  if (!options) return withLinks(withoutSignIn(signIn.obstacle));
  const { session } = visitor;
  const page = session ? signedIn(session) : signedOut(options, visitor.problem);
  const addresses = [options.redirectUri, options.domain];
  return { ...withLinks(page), formOrigins: addresses.map((address) => new URL(address).origin) };
}

function withLinks({ title, content }: Page): Page {
  const links = markup`<ul>
<li><a href="/account">Your account</a>: a page that asks for a sign-in</li>
<li><a href="/docs">Swagger</a>: every route of the API</li>
</ul>`;
  return { title, content: markup`${content}\n${links}` };
}

function withoutSignIn(obstacle: string): Page {
  const content = markup`<p>${obstacle}</p>
<p>The API takes tokens in the header <code>Authorization</code>.</p>`;
  return { title: 'Nobody can sign in here', content };
}

function signedOut({ redirectUri }: CognitoHostedUiOptions, problem?: HttpException): Page {
  // With the address of the callback: localhost does not get the cookies of 127.0.0.1.
  const login = new URL('/auth/login', redirectUri).href;
  const signUp = new URL('/auth/signup', redirectUri).href;
  const alert = problem ? markup`<p class="problem" role="alert">${problem.message}.</p>` : '';
  const content = markup`${alert}
<p>Sign in at the user pool, and come back here.</p>
<div class="buttons">${button('get', login, 'Sign in')}</div>
<p class="hint">New here? <a href="${signUp}">Create an account</a></p>`;
  return { title: 'Nobody is signed in', content };
}

function signedIn({ user, identity, expiresAt }: CognitoSession): Page {
  const { username, groups } = user;
  const { email } = identity;
  const details = detailsList({
    Email: email,
    Groups: groups.join(', '),
    'Access token until': timeOf(expiresAt),
  });
  const buttons = markup`${button('post', '/auth/refresh', 'Refresh', 'quiet')}
${button('post', '/auth/logout', 'Sign out')}`;
  const content = markup`${details}
<p class="hint">The first request after that gets a new one.</p>
<div class="buttons">${buttons}</div>
<p role="status"></p>`;
  return { title: `Signed in as ${username}`, content };
}

function button(method: string, action: string, label: string, style = ''): Markup {
  return markup`<form method="${method}" action="${action}"><button class="${style}">${label}</button></form>`;
}
