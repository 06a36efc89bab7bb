/**
 * A public JSON Web Key (RFC 7517 §4, RFC 7518 §6.2 and §6.3), as a user pool publishes it.
 *
 * Node's own type is in another place with each major version of its types.
 */
export type JsonWebKey = {
  readonly kty?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  // Node's own types take no read-only list.
  readonly key_ops?: string[];
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly x5c?: readonly string[];
  readonly x5t?: string;
  readonly 'x5t#S256'?: string;
  readonly x5u?: string;
  readonly ext?: boolean;
};
