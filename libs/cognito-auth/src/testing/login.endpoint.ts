import { codeAnswer } from './authorization-answer.js';
import { type BrowserSession, isRecent } from './browser-sessions.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import { formPageEndpoint } from './form-page.endpoint.js';
import type { FormVisit } from './form-page.endpoint.js';
import type { FormTokens } from './form-tokens.js';
import type { LocalUser } from './local-users.js';
import { CONTINUE, type LoginPage, loginPage } from './login-page.js';
import { queryOf } from './request-form.js';
import { isSameText } from './same-text.js';

/** Where the sign-in page is. */
export const LOGIN_PATH = '/login';

/** Lets a user sign in, as the page `/login` of a Cognito domain does. */
export function loginEndpoint(context: EndpointContext): Endpoint {
  return formPageEndpoint(LOGIN_PATH, context, codeOrPage);
}

const INCORRECT = { status: 400, name: 'incorrect' } as const;
const EXPIRED = { status: 403, name: 'expired' } as const;

function codeOrPage(context: EndpointContext, formTokens: FormTokens, visit: FormVisit): Answer {
  const { request, authorization, form } = visit;
  const query = queryOf(request);
  const session = chosenSession(context, visit);
  const page = (username?: string, problem?: LoginPage['problem']) =>
    loginPage({
      pool: context.pool,
      authorization,
      query,
      action: `${LOGIN_PATH}?${query.toString()}`,
      form: formTokens.issue(request),
      username,
      problem,
      signedIn: session?.username,
    });
  if (!form) return page(authorization.loginHint);

  const username = form.get('username') ?? '';
  if (!formTokens.isValid(request, form)) return page(username, EXPIRED);
  if (session && form.has(CONTINUE)) return codeAnswer(context, authorization, session);
  if (!isPasswordOf(username, form.get('password') ?? '', context.pool.users)) {
    return page(username, INCORRECT);
  }
  const started = context.browserSessions.start(username);
  return codeAnswer(context, authorization, started.session, started.cookie);
}

/** The session that its user may choose to go on with, where the app client lets them choose. */
function chosenSession(
  { browserSessions }: EndpointContext,
  { request, authorization: { prompts, maxAge } }: FormVisit,
): BrowserSession | undefined {
  if (!prompts.includes('select_account') || prompts.includes('login')) return undefined;
  const session = browserSessions.of(request);
  return session && isRecent(session, maxAge) ? session : undefined;
}

function isPasswordOf(username: string, password: string, users: readonly LocalUser[]): boolean {
  const user = users.find((candidate) => candidate.username === username);
  return isSameText(password, user?.password ?? '') && user !== undefined;
}
