import type { AuthorizationRequest } from './authorization-request.js';
import { isLoopbackUrl } from './client-urls.js';
import type { Answer } from './endpoint.js';
import { FORM_TOKEN } from './form-tokens.js';
import type { LocalUserPool } from './local-user-pool.js';
import { type Markup, markup } from './markup.js';
import { pageAnswer } from './page.js';

/** What the sign-in page shows. */
export interface LoginPage {
  readonly pool: LocalUserPool;
  readonly authorization: AuthorizationRequest;
  /** Where the form goes. */
  readonly action: string;
  readonly form: { token: string; cookie: string };
  /** Default: an empty field. */
  readonly username?: string;
  /** What was wrong with the last attempt. */
  readonly problem?: { status: number; message: string };
}

/** Asks for username and password, without a script. */
export function loginPage({ pool, authorization, form, problem, ...page }: LoginPage): Answer {
  const { client, redirectUri } = authorization;
  const { username = '' } = page;
  const content = markup`<h1>Sign in</h1>
<p>to <strong>${client.name ?? client.clientId}</strong></p>
${problem ? markup`<p class="problem" role="alert" id="problem">${problem.message}</p>` : ''}
<form method="post" action="${page.action}">
<input type="hidden" name="${FORM_TOKEN}" value="${form.token}">
<label for="username">Username</label>
<input id="username" name="username" value="${username}" autocomplete="username"
  autocapitalize="none" spellcheck="false" required${fieldState(problem, username === '')}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password"
  required${fieldState(problem, username !== '')}>
<button type="submit">Sign in</button>
</form>
<p class="hint">The local user pool ${pool.userPoolId}, for development. ${usersHint(pool)}</p>`;
  return pageAnswer({
    title: 'Sign in',
    content,
    status: problem?.status,
    formAction: `'self' ${sourcesOf(redirectUri)}`,
    cookie: form.cookie,
  });
}

// The first field that is still to be filled in has the focus.
function fieldState(problem: LoginPage['problem'], hasFocus: boolean): Markup {
  const description = problem ? markup` aria-describedby="problem"` : '';
  return markup`${hasFocus ? ' autofocus' : ''}${description}`;
}

const MAX_NAMES = 10;

function usersHint({ users }: LocalUserPool): string {
  if (users.length === 0) return 'It has no users.';
  const names = users.slice(0, MAX_NAMES).map(({ username }) => username);
  const more = users.length > MAX_NAMES ? ` and ${users.length - MAX_NAMES} more` : '';
  return `Users: ${names.join(', ')}${more}.`;
}

/**
 * Chromium holds every redirect after a form to `form-action`: not only the one to the callback
 * URL, but also the one from there to the pages of the app, on this machine often at another port.
 */
function sourcesOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  // The scheme alone, where there is no origin that the grammar of a policy can express.
  if (!/^https?:\/\/[\w.-]+(:\d+)?$/.test(origin)) return protocol;
  return isLoopbackUrl(redirectUri) ? 'http://localhost:* http://127.0.0.1:*' : origin;
}
