import { authorizationAnswer } from './authorization-answer.js';
import { formActionTo } from './client-urls.js';
import type { Endpoint, EndpointContext } from './endpoint.js';
import { poolNote } from './login-page.js';
import { markup } from './markup.js';
import { answerOr } from './oauth-error.js';
import { otherPages } from './other-pages.js';
import { errorPage, pageAnswer } from './page.js';
import { type PageTexts, textsIn } from './page-texts.js';
import { queryOf } from './request-form.js';

/** A page that says that Cognito does something there, and leads on. */
interface Notice {
  readonly path: string;
  readonly title: (texts: PageTexts) => string;
  readonly text: (texts: PageTexts) => string;
  /** The button that leads on, and where. */
  readonly next: (texts: PageTexts) => Readonly<Record<string, string>>;
}

/** Stands for the page `/forgotPassword` of a Cognito domain. */
export const forgotPasswordEndpoint = noticeEndpoint({
  path: '/forgotPassword',
  title: ({ forgotPassword }) => forgotPassword,
  text: ({ noNewPasswords }) => noNewPasswords,
  next: ({ backToSignIn }) => ({ '/login': backToSignIn }),
});

/** Stands for the page `/passkeys/add` of a Cognito domain. */
export const passkeysEndpoint = noticeEndpoint({
  path: '/passkeys/add',
  title: ({ addPasskey }) => addPasskey,
  text: ({ noPasskeys }) => noPasskeys,
  next: ({ goOn }) => ({ '/oauth2/authorize': goOn }),
});

function noticeEndpoint({ path, title, text, next }: Notice) {
  return (context: EndpointContext): Endpoint => ({
    path,
    methods: ['GET'],
    isListedOnUse: true,
    headers: { 'cache-control': 'no-store' },
    answer: (request) =>
      answerOr(errorPage, () =>
        authorizationAnswer(queryOf(request), context, ({ lang, redirectUri }) => {
          const texts = textsIn(lang);
          return pageAnswer({
            title: title(texts),
            language: texts.language,
            content: markup`<h1>${title(texts)}</h1>
<p>${text(texts)}</p>
${otherPages(queryOf(request), next(texts))}
${poolNote(context.pool)}`,
            formAction: formActionTo(redirectUri),
          });
        }),
      ),
  });
}
