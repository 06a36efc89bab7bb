import { CognitoAuthError } from '../index.js';
import type { AccessRules, CognitoAuthErrorCode } from '../index.js';
import type { Response, Responses, Schema } from './open-api.js';

/** Schemas of the bodies of refusals, by the name of their component. */
export function errorSchemas(): Record<string, Schema> {
  return Object.fromEntries(REFUSALS.map((refusal) => [schemaNameOf(refusal), schemaOf(refusal)]));
}

/** Adds the refusals of the guard to the responses of an operation; what is there stays. */
export function withErrorResponses(written: Responses, rules: AccessRules): Responses {
  const refusals = REFUSALS.map((refusal) => [
    refusal.status,
    mergeResponse(written[refusal.status], responseOf(refusal, rules)),
  ]);
  return { ...written, ...Object.fromEntries(refusals) } as Responses;
}

interface Example {
  code: CognitoAuthErrorCode;
  message: string;
}

interface Refusal {
  status: number;
  error: string;
  description: string;
  /** The same for every operation, or one that fits what it asks for. */
  example: Example | ((rules: AccessRules) => Example);
  headers: (rules: AccessRules) => Record<string, { description: string; schema: Schema }>;
}

const REFUSALS: readonly Refusal[] = [
  {
    status: 401,
    error: 'Unauthorized',
    description: 'There is no token, or it is not accepted here',
    example: { code: 'token_expired', message: 'The token expired 12 s ago' },
    headers: ({ scopes }) =>
      challenge(
        'What was wrong with the token, as RFC 6750 words it' +
          (scopes ? '; `scope` says what this operation asks for' : ''),
      ),
  },
  {
    status: 403,
    error: 'Forbidden',
    description: 'The token is good, but does not give access to this operation',
    example: forbiddenExampleOf,
    headers: ({ scopes }) =>
      challenge(
        scopes
          ? 'The error `insufficient_scope` and the scopes to ask for, where the token lacks one'
          : 'Without an error: another token of the same caller gives no access either',
      ),
  },
  {
    status: 503,
    error: 'Service Unavailable',
    description: 'The token cannot be verified at the moment',
    example: {
      code: 'keys_unavailable',
      message: 'The keys to verify tokens with are not available at the moment; try again later',
    },
    headers: () => ({
      'Retry-After': {
        description: 'Seconds after which a retry makes sense',
        schema: { type: 'integer', minimum: 1 },
      },
    }),
  },
];

function challenge(description: string) {
  return { 'WWW-Authenticate': { description, schema: { type: 'string' } } };
}

/**
 * Gives an example of a refusal that the rules of a route can lead to, whichever it has; one without
 * rules refuses only users that the application does not know.
 */
function forbiddenExampleOf(rules: AccessRules): Example {
  const { principal, scopes, groups, permissions, checks } = rules;
  if (groups) {
    return {
      code: 'insufficient_group',
      message: 'The caller is not in the groups that this route asks for',
    };
  }
  if (scopes) {
    return {
      code: 'insufficient_scope',
      message: 'The token does not carry the scopes that this route asks for',
    };
  }
  if (permissions) {
    return {
      code: 'insufficient_permission',
      message: 'The caller does not have the permissions that this route asks for',
    };
  }
  if (checks) {
    const message = checks.find((check) => check.message)?.message;
    return {
      code: 'check_failed',
      message: message ?? 'The caller does not pass a check of this route',
    };
  }
  if (principal) {
    return {
      code: 'wrong_principal',
      message:
        principal === 'user'
          ? 'This route is for users, not for machines'
          : 'This route is for machines (client credentials), not for users',
    };
  }
  return { code: 'unknown_user', message: 'The caller is not known to this application' };
}

// Complete by its type: a new code does not compile until it stands here.
const ANSWERS_HTTP: Record<CognitoAuthErrorCode, boolean> = {
  missing_token: true,
  malformed_request: true,
  malformed_token: true,
  invalid_signature: true,
  unknown_key: true,
  token_expired: true,
  token_not_active: true,
  wrong_issuer: true,
  wrong_client: true,
  wrong_token_use: true,
  wrong_audience: true,
  token_revoked: true,
  insufficient_scope: true,
  insufficient_group: true,
  insufficient_permission: true,
  wrong_principal: true,
  unknown_user: true,
  check_failed: true,
  unsupported_context: false,
  keys_unavailable: true,
  hook_failed: true,
};

function codesOf(status: number): CognitoAuthErrorCode[] {
  const codes = Object.keys(ANSWERS_HTTP) as CognitoAuthErrorCode[];
  return codes.filter(
    (code) => ANSWERS_HTTP[code] && new CognitoAuthError(code, '').getStatus() === status,
  );
}

// The dot keeps clear of the names of classes, which is what models are named after.
function schemaNameOf({ error }: Refusal): string {
  return `CognitoAuthError.${error.replaceAll(' ', '')}`;
}

function schemaOf({ status, error, example }: Refusal): Schema {
  return {
    type: 'object',
    required: ['statusCode', 'error', 'code', 'message'],
    properties: {
      statusCode: { type: 'integer', enum: [status] },
      error: { type: 'string', enum: [error] },
      code: { type: 'string', description: 'Why the request was refused', enum: codesOf(status) },
      message: { type: 'string', description: 'The same in a sentence for people' },
    },
    ...(typeof example !== 'function' && { example: { statusCode: status, error, ...example } }),
  };
}

function responseOf(refusal: Refusal, rules: AccessRules) {
  const { status: statusCode, error, description, example } = refusal;
  const schema = { $ref: `#/components/schemas/${schemaNameOf(refusal)}` };
  const content =
    typeof example === 'function'
      ? { schema, example: { statusCode, error, ...example(rules) } }
      : { schema };
  return {
    description,
    headers: refusal.headers(rules),
    content: { 'application/json': content },
  };
}

function mergeResponse(written: Response | undefined, ours: ReturnType<typeof responseOf>) {
  if (!written) return ours;
  if ('$ref' in written) return written;
  return {
    ...ours,
    ...written,
    // @nestjs/swagger writes '' when the author gave no description.
    description: written.description || ours.description,
    headers: { ...ours.headers, ...written.headers },
  };
}
