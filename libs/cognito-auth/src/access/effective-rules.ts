import type { ApplicationConfig } from '@nestjs/core';
import type { AccessRules } from './access-rules.js';
import { isGuardedGlobally } from './application-guards.js';
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
 * it: neither the handler nor its controller names it, and it is not a global guard. `@Public()`
 * is an answer whether the guard runs or not.
 */
export function effectiveRulesOf(
  { handler, controller }: Place,
  application: ApplicationConfig,
): AccessRules | undefined {
  const isGuarded = namesGuard({ handler, controller }) || isGuardedGlobally(application);
  const rules = accessRulesOf(handler, controller);
  return isGuarded || rules.mode === 'public' ? rules : undefined;
}

/** Whether the guard is written down for a handler, on its method or on its class. */
export function namesGuard({ handler, controller }: Place): boolean {
  return cognitoGuardsOf(handler, controller).length > 0 || hasCognitoGuard(controller);
}
