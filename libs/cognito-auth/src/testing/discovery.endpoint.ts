import { type Endpoint, type EndpointContext, jsonAnswer } from './endpoint.js';
import { OPENID_SCOPES } from './local-clients.js';

/** Describes the pool and the endpoints that it serves, as OpenID Connect Discovery does. */
export function discoveryEndpoint(
  { pool }: EndpointContext,
  endpoints: readonly Endpoint[],
): Endpoint {
  const metadata = Object.assign({}, ...endpoints.map((endpoint) => endpoint.metadata)) as object;
  return {
    path: `/${pool.userPoolId}/.well-known/openid-configuration`,
    methods: ['GET'],
    isOpenToAllOrigins: true,
    answer: () =>
      jsonAnswer({
        issuer: pool.issuer,
        scopes_supported: OPENID_SCOPES,
        subject_types_supported: ['public'],
        ...metadata,
      }),
  };
}
