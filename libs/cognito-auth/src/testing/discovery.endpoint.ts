import { type Endpoint, type EndpointContext, jsonAnswer } from './endpoint.js';

/** Describes the pool and the endpoints that it serves, as OpenID Connect Discovery does. */
export function discoveryEndpoint(
  { pool }: EndpointContext,
  endpoints: readonly Endpoint[],
): Endpoint {
  const metadata = Object.assign({}, ...endpoints.map((endpoint) => endpoint.metadata)) as object;
  return {
    path: `/${pool.userPoolId}/.well-known/openid-configuration`,
    methods: ['GET'],
    answer: () =>
      jsonAnswer({
        issuer: pool.issuer,
        // Required by OpenID Connect Discovery; empty as long as no endpoint adds one.
        response_types_supported: [],
        scopes_supported: ['openid', 'email', 'phone', 'profile'],
        subject_types_supported: ['public'],
        ...metadata,
      }),
  };
}
