/** Fetches a key set over HTTP; may be replaced by the option `keys.fetcher`. */
export type JwksFetcher = (uri: string) => Promise<unknown>;

/** Bounds of one fetch. */
export interface FetchLimits {
  /** Milliseconds for the whole exchange, including the body. */
  readonly timeout: number;
  /** Bytes of the body. */
  readonly maxBytes: number;
}

/**
 * Fetches a JSON document: status 200 only, no redirects, bounded in time and size.
 *
 * @throws Error when it cannot be had within the limits
 */
export async function fetchJson(uri: string, limits: FetchLimits): Promise<unknown> {
  const response = await fetch(uri, {
    headers: { accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(limits.timeout),
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`expected status 200, got ${response.status}`);
  }
  return parsed(await bodyOf(response, limits.maxBytes));
}

async function bodyOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop early cancels the body and closes its connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('the answer is not JSON');
  }
}
