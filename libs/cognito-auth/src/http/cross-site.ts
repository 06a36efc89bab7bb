/** The headers that tell which page made a browser send a request. */
interface PageHeaders {
  readonly origin?: unknown;
  readonly 'sec-fetch-site'?: unknown;
}

/**
 * Whether another site may have made a browser send this request, cookies and all.
 *
 * Browsers do not let a page set these headers. `Sec-Fetch-Site` is absent where the connection is
 * neither encrypted nor of this machine, and `Origin` where nothing but a link, an image or a script
 * is loaded. https://www.w3.org/TR/fetch-metadata/
 *
 * @param isOwn whether an `Origin` is that of the application
 * @param isScript whether the answer is a script, which the pages of every site may load and read
 */
export function isCrossSite(
  { origin, 'sec-fetch-site': site }: PageHeaders,
  isOwn: (origin: unknown) => boolean,
  isScript = false,
): boolean {
  // "none" is the address bar; "same-site" is a neighbour that is not this application.
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  if (origin !== undefined) return !isOwn(origin);
  return isScript && site === undefined;
}
