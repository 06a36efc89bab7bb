import type { IncomingMessage } from 'node:http';
import { OAuthError } from './oauth-error.js';

const MAX_BODY_BYTES = 64 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** Reads the form that a request carries, of at most 64 KB. */
export async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const body = await bodyOf(request);
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== FORM) {
    throw new OAuthError('invalid_request', `The content type must be ${FORM}.`);
  }
  const form = new URLSearchParams(body);
  checkNoneRepeated(form);
  return form;
}

/** The parameters in the address of a request. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(String(request.url).replace(/^[^?]*/, ''));
}

/** The value of a parameter. RFC 6749 §3.1 and §3.2: an empty one counts as missing. */
export function valueIn(parameters: URLSearchParams, name: string): string | undefined {
  return parameters.get(name) || undefined;
}

/** The value of a parameter that must be there. */
export function requiredIn(parameters: URLSearchParams, name: string): string {
  const value = valueIn(parameters, name);
  if (value !== undefined) return value;
  throw new OAuthError('invalid_request', `The parameter ${name} is missing.`);
}

/** Refuses what RFC 6749 §3.1 and §3.2 refuse: a parameter that is there more than once. */
export function checkNoneRepeated(parameters: URLSearchParams): void {
  if (new Set(parameters.keys()).size === parameters.size) return;
  throw new OAuthError('invalid_request', 'A parameter is there more than once.');
}

// Reads on beyond the limit, keeping nothing: a client that is still sending misses an early answer.
async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size <= MAX_BODY_BYTES) return Buffer.concat(chunks).toString();
  throw new OAuthError('invalid_request', `The body is larger than ${MAX_BODY_BYTES} bytes.`, 413);
}
