import type { AuthorizationRequest } from './authorization-request.js';
import { formActionTo } from './client-urls.js';
import type { Answer } from './endpoint.js';
import { FORM_TOKEN } from './form-tokens.js';
import type { LocalUserPool } from './local-user-pool.js';
import { fieldState, poolNote, problemNote } from './login-page.js';
import { markup } from './markup.js';
import { otherPages } from './other-pages.js';
import { pageAnswer } from './page.js';
import { type PageProblem, textsIn } from './page-texts.js';

/** What the sign-up page shows. */
export interface SignUpPage {
  readonly pool: LocalUserPool;
  readonly authorization: AuthorizationRequest;
  readonly query: URLSearchParams;
  /** Where the form goes. */
  readonly action: string;
  readonly form: { token: string; cookie: string };
  readonly username: string;
  readonly email: string;
  /** What was wrong with the last attempt. */
  readonly problem?: { status: number; name: PageProblem };
}

/** Asks for the name and the password of a new user, without a script. */
export function signUpPage({ pool, authorization, form, problem, ...page }: SignUpPage): Answer {
  const { client, redirectUri, lang } = authorization;
  const texts = textsIn(lang);
  const content = markup`<h1>${texts.signUp}</h1>
<p>${texts.to} <strong>${client.name ?? client.clientId}</strong></p>
${problemNote(problem && texts.problems[problem.name])}
<form method="post" action="${page.action}">
<input type="hidden" name="${FORM_TOKEN}" value="${form.token}">
<label for="username">${texts.username}</label>
<input id="username" name="username" value="${page.username}" autocomplete="username"
  autocapitalize="none" spellcheck="false" maxlength="128" required${fieldState(problem, true)}>
<label for="email">${texts.email}</label>
<input id="email" name="email" type="email" value="${page.email}" autocomplete="email">
<label for="password">${texts.password}</label>
<input id="password" name="password" type="password" autocomplete="new-password"
  maxlength="256" required aria-describedby="rule">
<p class="hint" id="rule">${texts.passwordRule}</p>
<button type="submit">${texts.signUp}</button>
</form>
${otherPages(page.query, { '/login': texts.backToSignIn })}
${poolNote(pool)}`;
  return pageAnswer({
    title: texts.signUp,
    language: texts.language,
    content,
    status: problem?.status,
    formAction: formActionTo(redirectUri),
    cookie: form.cookie,
  });
}
