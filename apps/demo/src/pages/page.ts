import { createHash } from 'node:crypto';
import { Markup, markup } from './markup.js';

/** One page of the demo. */
export interface Page {
  /** Its heading, too. */
  readonly title: string;
  readonly content: Markup;
  /** Further origins that its forms go to, or end at. */
  readonly formOrigins?: readonly string[];
}

/** The part of an answer that Express and Fastify have in common. */
export interface PageResponse {
  header(name: string, value: string): unknown;
  status(code: number): unknown;
}

/** Writes a page, which is kept nowhere: not even for the back button of the next person. */
export function pageIn(response: PageResponse, { title, content, formOrigins = [] }: Page): string {
  for (const [name, value] of Object.entries(HEADERS)) response.header(name, value);
  response.header('Content-Security-Policy', policyWith(formOrigins));
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – nestjs-cognito-auth demo</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script src="/page.js" type="module"></script>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`.text;
}

const HEADERS = {
  'Content-Type': 'text/html; charset=utf-8',
  'Cache-Control': 'no-store',
  // Not "no-referrer", with which a form of this page would not say where it comes from.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
};

const STYLE = new Markup(`
:root { color-scheme: light dark; --line: #d5d7db; --accent: #0b57d0; --on-accent: #fff;
  --problem: #b3261e; --page: #f3f4f6; --card: #fff; --text: #1f1f1f; --quiet: #555; }
@media (prefers-color-scheme: dark) {
  :root { --line: #444; --accent: #a8c7fa; --on-accent: #062e6f; --problem: #f2b8b5;
    --page: #131314; --card: #1e1f20; --text: #e3e3e3; --quiet: #b5b5b5; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  font: 1rem/1.5 system-ui, sans-serif; background: var(--page); color: var(--text); }
main { width: 100%; max-width: 34rem; padding: 2rem; border-radius: .75rem;
  background: var(--card); overflow-wrap: anywhere; }
h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 1rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
@media (max-width: 30rem) { dl { display: block; } dd { margin-bottom: .75rem; } }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
form { margin: 0; }
button { padding: .625rem 1.25rem; border: 2px solid var(--accent); border-radius: .375rem;
  background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600;
  cursor: pointer; }
button.quiet { background: transparent; color: var(--accent); }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { padding: .5rem .75rem; border-left: 4px solid var(--problem); color: var(--problem); }
.hint, [role=status] { font-size: .875rem; color: var(--quiet); }
[role=status] { min-height: 1.5em; margin: .5rem 0 -.5rem; }
ul { margin: 1.5rem 0 0; padding: 1rem 0 0; border-top: 1px solid var(--line); list-style: none; }
li + li { margin-top: .25rem; }
`);

const STYLE_HASH = createHash('sha256').update(STYLE.text).digest('base64');

function policyWith(formOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "script-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    // Chromium holds every redirect after a form to this, too.
    ["form-action 'self'", ...formOrigins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
