import type { IncomingMessage, ServerResponse } from 'node:http';

/** A `CognitoHostedUiModule` of the application, as far as this entry point knows it. */
export interface SignInPages {
  /** The name that `fromSession()` and redirects choose by. */
  readonly name: string;

  /** Lets the request find its session; once is enough, however often it is called. */
  connect(request: IncomingMessage, response: ServerResponse): void;

  /** Whether a request is for one of these pages, which are there for those who are not signed in. */
  answers(request: object): boolean;

  /**
   * The path to sign in at and to come back from, for a browser that opens a page and was refused;
   * `undefined` for whoever else, and where to sign in would not help. Any one answers for all.
   *
   * @param name that of the pages to sign in at; by default those whose session was asked for
   */
  redirectFor(request: object, refusal: unknown, name?: string): string | undefined;
}

const pagesOf = new WeakMap<object, SignInPages[]>();

/**
 * The sign-in pages of an application, in the order in which they are registered; the list grows
 * while the application starts.
 *
 * @param application what no other application of the process has
 */
export function signInPagesOf(application: object): SignInPages[] {
  let pages = pagesOf.get(application);
  if (!pages) pagesOf.set(application, (pages = []));
  return pages;
}
