import type { JwksClient } from 'jwks-rsa';
import { withDeadline } from '../deadline.js';
import { fetchJson } from './jwks-fetcher.js';
import type { FetchLimits, JwksFetcher } from './jwks-fetcher.js';
import { rsaKeysOf, signingKeyOf } from './signing-key.js';
import type { SigningKey } from './signing-key.js';

/**
 * A function that fetches the keys of one address through jwks-rsa.
 *
 * jwks-rsa is loaded at the first call, so that an application with a fixed key set never loads
 * it. Its cache and its limiter are off: when to fetch is decided in one place only, and a limiter
 * shared by all tokens would let invented key ids starve valid ones.
 *
 * The function resolves with at least one key and rejects within the limits otherwise.
 */
export function jwksClientOf(
  uri: string,
  limits: FetchLimits,
  fetcher: JwksFetcher = (address) => fetchJson(address, limits),
): () => Promise<SigningKey[]> {
  let client: JwksClient | undefined;
  return async () => {
    client ??= await createClient(uri, async (address) => {
      try {
        const answer = await withDeadline(Promise.resolve(fetcher(address)), limits.timeout);
        return { keys: rsaKeysOf(answer) };
      } catch (error) {
        throw writableError(error);
      }
    });
    const found = await client.getSigningKeys();
    const keys = found.flatMap((key) => signingKeyOf(key.kid, key.getPublicKey()) ?? []);
    if (keys.length === 0) throw new Error('the key set has no RSA key that is fit for RS256');
    return keys;
  };
}

/** jwks-rsa reads and writes properties of what it catches, and fails when it cannot. */
function writableError(error: unknown): Error {
  if (error instanceof Error && Object.isExtensible(error)) return error;
  return new Error('the fetcher failed', { cause: error });
}

async function createClient(
  jwksUri: string,
  fetcher: (uri: string) => Promise<{ keys: unknown }>,
): Promise<JwksClient> {
  const jwksRsa = await import('jwks-rsa');
  return new jwksRsa.JwksClient({ jwksUri, cache: false, rateLimit: false, fetcher });
}
