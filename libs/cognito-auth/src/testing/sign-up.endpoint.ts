import { codeAnswer } from './authorization-answer.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import { formPageEndpoint } from './form-page.endpoint.js';
import type { FormVisit } from './form-page.endpoint.js';
import type { FormTokens } from './form-tokens.js';
import type { LocalUserPool } from './local-user-pool.js';
import type { PageProblem } from './page-texts.js';
import { queryOf } from './request-form.js';
import { signUpPage } from './sign-up-page.js';

const PATH = '/signup';

/**
 * Lets somebody become a user, as the page `/signup` of a Cognito domain does, and signs them in.
 *
 * Cognito sends a code to the email address first; here every address counts as verified.
 */
export function signUpEndpoint(context: EndpointContext): Endpoint {
  return { ...formPageEndpoint(PATH, context, codeOrPage), isListedOnUse: true };
}

function codeOrPage(
  context: EndpointContext,
  formTokens: FormTokens,
  { request, authorization, form }: FormVisit,
): Answer {
  const { pool } = context;
  const query = queryOf(request);
  const username = form ? (form.get('username') ?? '') : (authorization.loginHint ?? '');
  const email = form?.get('email') ?? '';
  const page = (name?: PageProblem) =>
    signUpPage({
      pool,
      authorization,
      query,
      action: `${PATH}?${query.toString()}`,
      form: formTokens.issue(request),
      username,
      email,
      problem: name && { status: name === 'expired' ? 403 : 400, name },
    });
  if (!form) return page();

  if (!formTokens.isValid(request, form)) return page('expired');
  const password = form.get('password') ?? '';
  const problem = problemWith({ username, email, password }, pool);
  if (problem) return page(problem);
  pool.addUser({ username, password, ...(email !== '' && { email }) });
  const { session, cookie } = context.browserSessions.start(username);
  return codeAnswer(context, authorization, session, cookie);
}

// Whoever reaches the page can fill the memory of the process.
const MAX_USERS = 1_000;

function problemWith(
  { username, email, password }: { username: string; email: string; password: string },
  { users }: LocalUserPool,
): PageProblem | undefined {
  // The API model of Cognito: UsernameType.
  if (!/^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u.test(username)) return 'badUsername';
  if (users.some((user) => user.username === username)) return 'userExists';
  if (email !== '' && !/^[^\s@]{1,64}@[^\s@]{1,255}$/.test(email)) return 'badEmail';
  if (!isStrong(password)) return 'badPassword';
  return users.length >= MAX_USERS ? 'tooManyUsers' : undefined;
}

/** The password policy that a user pool has unless it is given another. */
function isStrong(password: string): boolean {
  const kinds = [/[A-Z]/, /[a-z]/, /\d/, /[\^$*.[\]{}()?"!@#%&/\\,><':;|_~`=+-]/];
  const isLong = password.length >= 8 && password.length <= 256;
  return isLong && kinds.every((kind) => kind.test(password));
}
