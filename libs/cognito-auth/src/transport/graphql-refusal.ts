import { CognitoAuthError } from '../cognito-auth.errors.js';
import type { CognitoAuthErrorCode } from '../cognito-auth.errors.js';

/**
 * A refusal that GraphQL servers know how to answer: its `extensions` become those of the error.
 *
 * To exception filters it is a `CognitoAuthError`. But the fields by which @nestjs/apollo knows an
 * `HttpException`, to put a code of its own in place of ours, are not there.
 */
export class GraphqlRefusal extends CognitoAuthError {
  readonly extensions: GraphqlExtensions;

  constructor(override readonly cause: CognitoAuthError) {
    const { code, message, retryAfter } = cause;
    super(code, message, { cause, retryAfter });
    this.name = cause.name;
    this.extensions = new GraphqlExtensions(code, cause.getStatus(), retryAfter);
    Reflect.deleteProperty(this, 'response');
    Reflect.deleteProperty(this, 'status');
    // Apollo Server answers with it outside of production, and where it was refused is no secret.
    this.stack = `${this.name}: ${message}`;
  }

  override getResponse(): string | object {
    return this.cause.getResponse();
  }

  override getStatus(): number {
    return this.cause.getStatus();
  }

  override challenge(realm: string): string | undefined {
    return this.cause.challenge(realm);
  }
}

class GraphqlExtensions {
  /** For Apollo Server, which leaves it out of its answer. */
  readonly http: { readonly status: number; readonly headers: ReadonlyMap<string, string> };

  constructor(
    readonly code: CognitoAuthErrorCode,
    status: number,
    /** Whole seconds after which a retry makes sense; only when the fault is ours. */
    readonly retryAfter?: number,
  ) {
    this.http = { status, headers: new Map(retryAfter ? [['retry-after', `${retryAfter}`]] : []) };
  }

  /** What clients of the other servers get. */
  toJSON(): object {
    const { code, retryAfter } = this;
    return { code, ...(retryAfter && { retryAfter }) };
  }
}
