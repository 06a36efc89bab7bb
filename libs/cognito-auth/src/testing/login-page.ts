import type { AuthorizationRequest } from './authorization-request.js';
import { formActionTo } from './client-urls.js';
import type { Answer } from './endpoint.js';
import { FORM_TOKEN } from './form-tokens.js';
import type { LocalUserPool } from './local-user-pool.js';
import { type Markup, markup } from './markup.js';
import { otherPages } from './other-pages.js';
import { pageAnswer } from './page.js';
import { type PageProblem, textsIn } from './page-texts.js';

/** What the sign-in page shows. */
export interface LoginPage {
  readonly pool: LocalUserPool;
  readonly authorization: AuthorizationRequest;
  /** The parameters of the page. */
  readonly query: URLSearchParams;
  /** Where the form goes. */
  readonly action: string;
  readonly form: { token: string; cookie: string };
  /** Default: an empty field. */
  readonly username?: string;
  /** What was wrong with the last attempt. */
  readonly problem?: { status: number; name: PageProblem };
  /** Who is signed in already and may go on without a password. Default: nobody. */
  readonly signedIn?: string;
}

/** The form field that says that whoever is signed in goes on. */
export const CONTINUE = 'continue';

/** Asks for username and password, without a script. */
export function loginPage({ pool, authorization, form, problem, ...page }: LoginPage): Answer {
  const { client, redirectUri, lang } = authorization;
  const { username = '', signedIn } = page;
  const texts = textsIn(lang);
  const token = markup`<input type="hidden" name="${FORM_TOKEN}" value="${form.token}">`;
  const content = markup`<h1>${texts.signIn}</h1>
<p>${texts.to} <strong>${client.name ?? client.clientId}</strong></p>
${problemNote(problem && texts.problems[problem.name])}
<form method="post" action="${page.action}">
${token}
<label for="username">${texts.username}</label>
<input id="username" name="username" value="${username}" autocomplete="username"
  autocapitalize="none" spellcheck="false" required${fieldState(problem, username === '')}>
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="current-password"
  required${fieldState(problem, username !== '')}>
<button type="submit">${texts.signIn}</button>
</form>
${
  signedIn === undefined
    ? ''
    : markup`<form method="post" action="${page.action}">
${token}
<button type="submit" name="${CONTINUE}" value="yes" class="quiet">${texts.continueAs} ${signedIn}</button>
</form>`
}
${otherPages(page.query, { '/signup': texts.signUp, '/forgotPassword': texts.forgotPassword })}
${poolNote(pool)}`;
  return pageAnswer({
    title: texts.signIn,
    language: texts.language,
    content,
    status: problem?.status,
    formAction: formActionTo(redirectUri),
    cookie: form.cookie,
  });
}

/** Says what was wrong with the form. */
export function problemNote(message: string | undefined): Markup | '' {
  return message === undefined
    ? ''
    : markup`<p class="problem" role="alert" id="problem">${message}</p>`;
}

/** The attributes of a field. The first one that is still to be filled in has the focus. */
export function fieldState(problem: object | undefined, hasFocus: boolean): Markup {
  const description = problem ? markup` aria-describedby="problem"` : '';
  return markup`${hasFocus ? ' autofocus' : ''}${description}`;
}

/** Says to developers whose page it is. */
export function poolNote(pool: LocalUserPool): Markup {
  const { userPoolId, signInHint } = pool;
  const hint = signInHint === undefined ? '' : markup`\n<p class="hint">${signInHint}</p>`;
  return markup`<p class="hint" lang="en">The local user pool ${userPoolId}, for development. ${usersHint(pool)}</p>${hint}`;
}

const MAX_NAMES = 10;

function usersHint({ users }: LocalUserPool): string {
  if (users.length === 0) return 'It has no users.';
  const names = users.slice(0, MAX_NAMES).map(({ username }) => username);
  const more = users.length > MAX_NAMES ? ` and ${users.length - MAX_NAMES} more` : '';
  return `Users: ${names.join(', ')}${more}.`;
}
