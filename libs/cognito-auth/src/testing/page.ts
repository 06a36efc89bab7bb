import { createHash } from 'node:crypto';
import type { Answer } from './endpoint.js';
import { Markup, markup } from './markup.js';
import type { OAuthError } from './oauth-error.js';

/** One page of a local user pool. */
export interface Page {
  readonly title: string;
  /** Default: `en`. */
  readonly language?: string;
  readonly content: Markup;
  /** Default: 200. */
  readonly status?: number;
  /** Where its form may lead, as sources of a Content-Security-Policy. Default: nowhere. */
  readonly formAction?: string;
  readonly cookie?: string;
}

/** Answers with a page that loads nothing, runs nothing and cannot be framed. */
export function pageAnswer({ title, content, status = 200, formAction, ...page }: Page): Answer {
  const { language = 'en', cookie } = page;
  const document = markup`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
  return {
    status,
    headers: { ...headersOf(formAction), ...(cookie && { 'set-cookie': cookie }) },
    body: document.text,
  };
}

/** Tells the user of a browser that cannot be sent back to its app. */
export function errorPage({ code, message, status }: OAuthError): Answer {
  return pageAnswer({
    title: 'Sign-in error',
    status,
    content: markup`<h1>This sign-in cannot go on</h1>
<p class="problem" role="alert">${message}</p>
<p class="hint">Error code: ${code}</p>`,
  });
}

const STYLE = new Markup(`
:root { color-scheme: light dark; --line: #767676; --accent: #0b57d0; --on-accent: #fff;
  --problem: #b3261e; --page: #f3f4f6; --card: #fff; --text: #1f1f1f; --quiet: #555; }
@media (prefers-color-scheme: dark) {
  :root { --line: #8e8e8e; --accent: #a8c7fa; --on-accent: #062e6f; --problem: #f2b8b5;
    --page: #131314; --card: #1e1f20; --text: #e3e3e3; --quiet: #b5b5b5; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; background: var(--page); color: var(--text); }
main { width: 100%; max-width: 24rem; padding: 2rem; border-radius: .75rem;
  background: var(--card); overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 1.5rem; }
label { display: block; margin-top: 1rem; font-weight: 600; }
input, button { width: 100%; padding: .625rem .75rem; border-radius: .375rem; font: inherit; }
input { border: 1px solid var(--line); background: transparent; color: inherit; }
button { margin-top: 1.5rem; border: 0; background: var(--accent); color: var(--on-accent);
  font-weight: 600; cursor: pointer; }
button.quiet { border: 1px solid var(--line); background: transparent; color: inherit; }
button.link { margin-top: .75rem; padding: .25rem; background: transparent; color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { padding: .5rem .75rem; border-left: 4px solid var(--problem); color: var(--problem); }
.hint { margin: 1.5rem 0 0; font-size: .875rem; color: var(--quiet); }
`);

const STYLE_HASH = createHash('sha256').update(STYLE.text).digest('base64');

function headersOf(formAction = "'none'") {
  return {
    'content-type': 'text/html;charset=UTF-8',
    'cache-control': 'no-store',
    'content-security-policy':
      `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action ${formAction}; ` +
      "base-uri 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  };
}
