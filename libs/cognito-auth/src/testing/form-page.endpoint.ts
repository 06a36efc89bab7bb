import type { IncomingMessage } from 'node:http';
import { authorizationAnswer } from './authorization-answer.js';
import type { AuthorizationRequest } from './authorization-request.js';
import type { Answer, Endpoint, EndpointContext } from './endpoint.js';
import { FormTokens } from './form-tokens.js';
import { answerOr } from './oauth-error.js';
import { errorPage } from './page.js';
import { formOf, queryOf } from './request-form.js';

/** A page of the domain that is opened or sent: the request, what its app client wants, the form. */
export interface FormVisit {
  readonly request: IncomingMessage;
  readonly authorization: AuthorizationRequest;
  /** Not there yet when the page is opened. */
  readonly form?: URLSearchParams;
}

/** A page of the domain with a form, which ends in a code for the app client. */
export function formPageEndpoint(
  path: string,
  context: EndpointContext,
  codeOrPage: (context: EndpointContext, formTokens: FormTokens, visit: FormVisit) => Answer,
): Endpoint {
  const formTokens = new FormTokens(path);
  return {
    path,
    methods: ['GET', 'POST'],
    headers: { 'cache-control': 'no-store' },
    answer: (request) =>
      answerOr(errorPage, async () => {
        const form = request.method === 'POST' ? await formOf(request) : undefined;
        return authorizationAnswer(queryOf(request), context, (authorization) =>
          codeOrPage(context, formTokens, { request, authorization, form }),
        );
      }),
  };
}
