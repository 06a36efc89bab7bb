import { type Endpoint, type EndpointContext, jsonAnswer } from './endpoint.js';

/** Publishes the keys of the pool. */
export function jwksEndpoint({ pool, url }: EndpointContext): Endpoint {
  const path = jwksPathOf(pool.userPoolId);
  return {
    path,
    methods: ['GET'],
    isOpenToAllOrigins: true,
    metadata: { jwks_uri: url + path, id_token_signing_alg_values_supported: ['RS256'] },
    answer: () => jsonAnswer(pool.jwks()),
  };
}

/** Where the keys of a pool are below the origin of its server. */
export function jwksPathOf(userPoolId: string): string {
  return `/${userPoolId}/.well-known/jwks.json`;
}
