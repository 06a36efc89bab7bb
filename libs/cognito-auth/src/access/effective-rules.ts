import type { ApplicationConfig } from '@nestjs/core';
import type { AccessRules } from './access-rules.js';
import { isGuardedGlobally } from './application-guards.js';
import { memberOf } from './members.js';
import type { BindingKind } from './members.js';
import { accessRulesOf, cognitoGuardsOf, hasCognitoGuard } from './rule-metadata.js';

/** A handler and its class. */
interface Place {
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
  readonly handler: Function;
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
  readonly controller: Function;
}

/**
 * What the guard asks of the callers of a handler, or `undefined` when the guard does not run for
 * it: neither the handler nor its controller names it, and it was not a global guard when Nest bound
 * the handler. `@Public()` is an answer whether the guard runs or not.
 *
 * @param as what the handler is served as; by default, wherever it is served
 */
export function effectiveRulesOf(
  { handler, controller }: Place,
  application: ApplicationConfig,
  as?: BindingKind,
): AccessRules | undefined {
  const name = memberOf(handler, controller)?.name ?? handler.name;
  const isGuarded =
    namesGuard({ handler, controller }) ||
    isGuardedGlobally(application, { controller, name }, { as });
  const rules = accessRulesOf(handler, controller);
  return isGuarded || rules.mode === 'public' ? rules : undefined;
}

/** Whether the guard is written down for a handler, on its method or on its class. */
export function namesGuard({ handler, controller }: Place): boolean {
  return cognitoGuardsOf(handler, controller).length > 0 || hasCognitoGuard(controller);
}
