import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext, PipeTransform, Type } from '@nestjs/common';
import { memberOf } from '../token/claims.js';
import type { CognitoClaims } from '../token/claims.js';
import type { CognitoUser } from '../token/principal.js';
import { guardedRequestOf } from '../transport/request-of.js';
import { lastAuthenticationOf, principalOfRequest } from './authentication.js';
import { COPY, THIS_COPY } from './copies.js';

/** Nest keeps the factory with the handler, where the boot can tell whose it is. */
function createDecorator<Data>(factory: (data: Data, context: ExecutionContext) => unknown) {
  return createParamDecorator(Object.assign(factory, { [COPY]: THIS_COPY }));
}

type Pipe = PipeTransform | Type<PipeTransform>;

const currentUser = createDecorator((property: string | undefined, context) => {
  const user = userOf(context) as Record<string, unknown> | null | undefined;
  if (property === undefined) return user;
  // The user may be an entity whose properties are getters of its class; `toString` is none of them.
  const isOfUser = user && (Object.hasOwn(user, property) || !(property in Object.prototype));
  return isOfUser ? user[property] : undefined;
});

function userOf(context: ExecutionContext): unknown {
  const last = lastAuthenticationOf(context);
  const name = last && !last.byPassport ? last.verifier.options.property : 'user';
  const user = guardedRequestOf(context)?.[name];
  // Passport puts it elsewhere if told so, and a middleware of Fastify on another request.
  return user === undefined && last?.byPassport ? principalOfRequest(context) : user;
}

const claims = createDecorator((name: string | undefined, context: ExecutionContext) => {
  const all = principalOfRequest(context)?.claims;
  return name === undefined || !all ? all : memberOf(all, name);
});

const principal = createDecorator((_data: undefined, context: ExecutionContext) =>
  principalOfRequest(context),
);

const rawToken = createDecorator((_data: undefined, context: ExecutionContext) =>
  principalOfRequest(context) ? lastAuthenticationOf(context)?.token : undefined,
);

/** The properties of a named user type; any name otherwise, those of `CognitoUser` suggested. */
type PropertyOf<User> = unknown extends User
  ? // oxlint-disable-next-line typescript/no-redundant-type-constituents -- what editors suggest
    (keyof CognitoUser & string) | (string & Record<never, never>)
  : keyof NonNullable<User> & string;

/**
 * Gives the handler the current user, or one property of it; `undefined` for an anonymous caller.
 *
 * Reads what the guard, or a guard after it, put on the request. A user type as the type argument
 * checks the name of the property.
 *
 * @example `@CurrentUser() user: CognitoUser`, `@CurrentUser('email') email?: string`, `@CurrentUser<Account>('id') id: number`
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- says whose properties may be named
export function CurrentUser<User = unknown>(
  property?: PropertyOf<NoInfer<User>> | Pipe,
  ...pipes: Pipe[]
): ParameterDecorator {
  return typeof property === 'string'
    ? currentUser(property, ...pipes)
    : currentUser(...[property, ...pipes].filter((pipe) => pipe !== undefined));
}

/** Gives the handler who sent the verified token, a `CognitoPrincipal`; `undefined` without one. */
export function Principal(...pipes: Pipe[]): ParameterDecorator {
  return principal(...pipes);
}

/**
 * Gives the handler the payload of the verified token, or one claim of it.
 *
 * @example `@Claims() claims: CognitoClaims`, `@Claims('custom:tenant') tenant: string`
 */
export function Claims(
  name?: (keyof CognitoClaims & string) | Pipe,
  ...pipes: Pipe[]
): ParameterDecorator {
  return typeof name === 'string'
    ? claims(name, ...pipes)
    : claims(...[name, ...pipes].filter((pipe) => pipe !== undefined));
}

/** Gives the handler the verified token as it was sent, to pass it on; never log it. */
export function RawToken(...pipes: Pipe[]): ParameterDecorator {
  return rawToken(...pipes);
}
