// Visible ASCII, so nothing that could end a header. No backslash, which browsers read as a slash,
// and no fragment (RFC 6749 §3.1.2).
const VISIBLE = /^[!"$-[\]-~]+$/;
const ABSOLUTE = /^[a-z][a-z\d+.-]*:\/\//i;
const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?([/?].*)?$/;

/**
 * Whether an app client may send browsers to this address: exactly one of its list, or any of this
 * machine when it has no list.
 */
export function isRegistered(url: string, registered: readonly string[] | undefined): boolean {
  return registered ? registered.includes(url) : isLoopbackUrl(url);
}

/** Whether an address leads to this machine and nowhere else. */
function isLoopbackUrl(url: string): boolean {
  return LOOPBACK.test(url) && isAddress(url);
}

/** Whether Cognito would take this address: `https:`, `http:` on this machine, or that of an app. */
export function isCognitoUrl(url: string): boolean {
  return isAddress(url) && (new URL(url).protocol !== 'http:' || LOOPBACK.test(url));
}

/** An address with further parameters in its query. */
export function withQuery(url: string, parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.append(name, value);
  }
  return `${url}${url.includes('?') ? '&' : '?'}${query.toString()}`;
}

/**
 * The sources for `form-action` of a page whose form ends at this address. Chromium holds every
 * redirect after a form to it: not only the one to the callback URL, but also the one from there to
 * the pages of the app, on this machine often at another port.
 */
export function formActionTo(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri);
  // The scheme alone, where there is no origin that the grammar of a policy can express.
  if (!/^https?:\/\/[\w.-]+(:\d+)?$/.test(origin)) return `'self' ${protocol}`;
  const sources = isLoopbackUrl(redirectUri) ? 'http://localhost:* http://127.0.0.1:*' : origin;
  return `'self' ${sources}`;
}

function isAddress(url: string): boolean {
  return VISIBLE.test(url) && ABSOLUTE.test(url) && URL.canParse(url);
}
