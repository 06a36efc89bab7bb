import type { IncomingHttpHeaders } from 'node:http';

/** Whether a person opens a page with this request, not a script that reads the answer. */
export function isNavigation(headers: IncomingHttpHeaders): boolean {
  const isTold = Object.keys(headers).some((name) => name.startsWith('sec-fetch-'));
  return isTold ? headers['sec-fetch-mode'] === 'navigate' : prefersHtml(headers);
}

/** What a page shows within itself; what a browser may come to know later is not among them. */
const FRAMES: ReadonlySet<string> = new Set(['iframe', 'frame', 'fencedframe', 'embed', 'object']);

/**
 * Whether a person may be behind this request: a page that is opened by itself, or a script of a
 * page of the same origin; not an image, a frame or another resource of a page.
 *
 * https://www.w3.org/TR/fetch-metadata/
 */
export function isOpenedByUser(headers: IncomingHttpHeaders): boolean {
  const { mode, dest, site } = {
    mode: headers['sec-fetch-mode'],
    dest: headers['sec-fetch-dest'],
    site: headers['sec-fetch-site'],
  };
  // A browser that does not send them, or no browser.
  if (mode === undefined && dest === undefined) return true;
  // Not by "document" alone: what a service worker passes on has lost it.
  if (mode === 'navigate') return !FRAMES.has(String(dest));
  // A program sends what it likes; `fetch` of Node.js sends the mode alone.
  if (site === undefined) return true;
  const isScript = mode === 'cors' || mode === 'same-origin';
  return isScript && (dest === undefined || dest === 'empty') && site === 'same-origin';
}

/**
 * Whether a script of a page reads the answer: it cannot follow a redirect to another origin (CORS).
 *
 * @param isForm whether a browser asks for a page when it sends such a request for a person
 */
export function isReadByScript(headers: IncomingHttpHeaders, isForm = false): boolean {
  if (headers['sec-fetch-site'] !== undefined) return !isNavigation(headers);
  if (isForm && !prefersHtml(headers)) return true;
  return weightOf('application/json', headers.accept ?? '') > 0 && !prefersHtml(headers);
}

/** Whether HTML is asked for by name, and JSON is not asked for more. */
export function prefersHtml({ accept = '' }: IncomingHttpHeaders): boolean {
  const html = weightOf('text/html', accept);
  return html > 0 && html >= weightOf('application/json', accept);
}

/** RFC 9110 §12.4.2: 1 unless it is said otherwise. */
function weightOf(type: string, accept: string): number {
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) continue;
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    return weight ? Number(weight.slice(2)) || 0 : 1;
  }
  return 0;
}
