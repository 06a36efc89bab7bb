import { createHash } from 'node:crypto';

/** What a person gets to see who cannot be signed in. */
export interface ErrorPage {
  readonly message: string;
  readonly code: string;
  /** The path to sign in again. */
  readonly loginPath: string;
}

/** A page that loads nothing, runs nothing, cannot be framed, and is not to be found. */
export function errorPage({ message, code, loginPath }: ErrorPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Sign-in</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>This did not work</h1>
<p role="alert">${escaped(message)}.</p>
<p><a href="${escaped(loginPath)}">Sign in again</a></p>
<p class="code">Code: ${escaped(code)}</p>
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 28rem; padding: 2rem; overflow-wrap: anywhere; }
.code { font-size: .875rem; opacity: .75; }
`;

/** The headers that belong to the page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'X-Robots-Tag': 'noindex',
};

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
