import { type Markup, markup } from './markup.js';

/**
 * Buttons to other pages of the user pool, with the parameters of this one.
 *
 * @param pages their names, by path
 */
export function otherPages(
  query: URLSearchParams,
  pages: Readonly<Record<string, string>>,
): Markup {
  const fields = [...query].map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">\n`,
  );
  const buttons = Object.entries(pages).map(
    ([path, label]) => markup`<button formaction="${path}" class="link">${label}</button>\n`,
  );
  return markup`<form method="get">
${joined(fields)}${joined(buttons)}</form>`;
}

function joined(parts: readonly Markup[]): Markup {
  return parts.reduce((all, part) => markup`${all}${part}`, markup``);
}
