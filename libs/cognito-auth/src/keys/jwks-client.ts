import type { JwksClient } from 'jwks-rsa';
import { withDeadline } from '../deadline.js';
import { isError } from '../faults/foreign-errors.js';
import { fetchJson } from './jwks-fetcher.js';
import type { JwksFetcher } from './jwks-fetcher.js';
import { signingKeyOf, usableKeysOf } from './signing-key.js';
import type { RsaKeyMembers, SigningKey } from './signing-key.js';

/**
 * A function that fetches the keys of one address through jwks-rsa.
 *
 * jwks-rsa is loaded at the first call, so that an application with a fixed key set never loads
 * it. Its cache and its limiter are off: when to fetch is decided in one place only, and a limiter
 * shared by all tokens would let invented key ids starve valid ones.
 *
 * The function resolves with at least one key, and rejects otherwise: within the timeout
 * (milliseconds), or once the signal aborts. Then nothing of the exchange goes on.
 */
export function jwksClientOf(
  uri: string,
  maxBytes: number,
  fetcher?: JwksFetcher,
): (timeout: number, signal: AbortSignal) => Promise<SigningKey[]> {
  return async (timeout, signal) => {
    const client = await createClient(uri, async (address) => {
      const exchange = new AbortController();
      try {
        signal.throwIfAborted();
        const answer = fetcher ? fetcher(address) : fetchJson(address, maxBytes, exchange.signal);
        const inTime = withDeadline(Promise.resolve(answer), timeout, undefined, signal);
        return { keys: usableKeysOf(await inTime) };
      } catch (error) {
        throw writableError(error);
      } finally {
        exchange.abort();
      }
    });
    const found = await client.getSigningKeys();
    return found.flatMap((key) => signingKeyOf(key.kid, key.getPublicKey()) ?? []);
  };
}

/** jwks-rsa reads and writes properties of what it catches, and fails when it cannot. */
function writableError(error: unknown): Error {
  if (isError(error) && Object.isExtensible(error)) return error;
  return new Error('the fetcher failed', { cause: error });
}

async function createClient(
  jwksUri: string,
  fetcher: (uri: string) => Promise<{ keys: RsaKeyMembers[] }>,
): Promise<JwksClient> {
  const jwksRsa = await import('jwks-rsa');
  // The exports of a CommonJS module: some bundlers give them as the default one only, and
  // `require()`, which this is in the CommonJS build, has no default.
  const { JwksClient: Client } = jwksRsa.default ?? jwksRsa;
  return new Client({ jwksUri, cache: false, rateLimit: false, fetcher });
}
