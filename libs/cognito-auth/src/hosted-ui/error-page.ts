import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CognitoHostedUiErrorCode } from './cognito-hosted-ui.errors.js';

/** The part of a request that Express and Fastify have in common, for `errorPage`. */
export interface HostedUiRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What a person gets to see who cannot be signed in. */
export interface ErrorPage {
  readonly message: string;
  readonly code: string;
  /** The path to sign in again. */
  readonly loginPath: string;
}

/** What happened, in words of everyday life, and what to press. */
interface Explanation {
  readonly title: string;
  /** Default: the message of the error. */
  readonly text?: string;
  readonly link: string;
}

const AGAIN = 'Sign in again';

const EXPLANATIONS: Readonly<Record<CognitoHostedUiErrorCode, Explanation>> & {
  readonly [code: string]: Explanation | undefined;
} = {
  invalid_return_to: {
    title: 'This link is not complete',
    text: 'The link that brought you here leads to no page of this site. You can sign in without it.',
    link: 'Sign in',
  },
  invalid_parameter: {
    title: 'This link is not complete',
    text: 'The link that brought you here asks for a kind of sign-in that does not exist. You can sign in without it.',
    link: 'Sign in',
  },
  invalid_state: {
    title: 'This sign-in is over',
    text: 'It took longer than ten minutes, was completed before, or was begun in another browser. Nothing is lost: sign in once more.',
    link: AGAIN,
  },
  duplicate_cookie: {
    title: 'Your browser has a cookie twice',
    text: 'Another program on this machine sets the cookie of this sign-in, too. Delete the cookies of this site, then sign in.',
    link: 'Sign in',
  },
  login_failed: {
    title: 'You were not signed in',
    text: 'The sign-in was cancelled or refused. If you did not cancel it yourself and it happens again, tell whoever runs this site the code below.',
    link: AGAIN,
  },
  code_rejected: {
    title: 'This sign-in is over',
    text: 'It was completed before, or took too long. If it happens again, tell whoever runs this site the code below.',
    link: AGAIN,
  },
  token_rejected: {
    title: 'You were not signed in',
    text: 'This site does not accept the answer of the sign-in service. If it happens again, tell whoever runs this site the code below.',
    link: AGAIN,
  },
  session_expired: {
    title: 'You have been signed out',
    text: 'Your last sign-in is too long ago, or was ended elsewhere.',
    link: AGAIN,
  },
  cross_site_request: {
    title: 'Nothing was changed',
    text: 'Another site has sent you here. Sign out with the button on a page of this site, if you want to.',
    link: 'Go on',
  },
  navigation_required: {
    title: 'Open this page by itself',
    text: 'A sign-in does not begin within another page.',
    link: 'Sign in',
  },
  prefetch_refused: {
    title: 'Nothing has happened yet',
    text: 'Your browser has opened this page before you asked for it.',
    link: 'Sign in',
  },
  session_too_large: {
    title: 'You were not signed in',
    text: 'There is more to remember about your account than fits into your browser. Tell whoever runs this site the code below.',
    link: 'Try again',
  },
  identity_provider_unavailable: {
    title: 'The sign-in service does not answer',
    text: 'That is no mistake of yours. Wait a moment, and try again.',
    link: 'Try again',
  },
  store_unavailable: {
    title: 'This site cannot sign you in just now',
    text: 'That is no mistake of yours. Wait a moment, and try again.',
    link: 'Try again',
  },
  hook_failed: {
    title: 'This site cannot sign you in just now',
    text: 'That is no mistake of yours. Wait a moment, and try again.',
    link: 'Try again',
  },
  missing_token: {
    title: 'Nobody is signed in',
    text: 'This page is for those who are signed in.',
    link: 'Sign in',
  },
};

/** That of the application, for example, whose words are its own. */
const OTHER: Explanation = { title: 'You cannot be signed in', link: AGAIN };

/** A page that loads nothing, runs nothing, cannot be framed, and is not to be found. */
export function errorPage({ message, code, loginPath }: ErrorPage): string {
  const known = Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  const { title, text, link } = known ?? OTHER;
  const details = text === undefined ? '' : ` (${message}.)`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
<p role="alert">${escaped(text ?? `${message}.`)}</p>
<p><a href="${escaped(loginPath)}">${escaped(link)}</a></p>
<p class="code">Code: ${escaped(code)}${escaped(details)}</p>
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --accent: #0b57d0; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --accent: #a8c7fa; --on-accent: #062e6f; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; padding: 2rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; }
a { display: inline-block; padding: .625rem 1.25rem; border-radius: .375rem; background: var(--accent); color: var(--on-accent); font-weight: 600; text-decoration: none; }
a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.code { font-size: .875rem; opacity: .75; }
`;

const POLICY = 'Content-Security-Policy';

/** The headers of every page. */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex',
};

/** The headers that belong to the page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  ...COMMON_HEADERS,
  [POLICY]:
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/**
 * The headers of a page of the application, whose style and pictures nobody knows here. What comes
 * from an address must run nothing, even where it was not escaped.
 *
 * @param policy the `Content-Security-Policy` that the application has set already
 */
export function headersOfOwnPage(policy: unknown): Readonly<Record<string, string>> {
  if (policy !== undefined) return COMMON_HEADERS;
  const strict = "script-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
  return { ...COMMON_HEADERS, [POLICY]: strict };
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => String(ENTITIES.get(character)));
}
