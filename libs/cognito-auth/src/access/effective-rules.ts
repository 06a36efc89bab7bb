import type { ApplicationConfig } from '@nestjs/core';
import type { AccessRules } from './access-rules.js';
import { accessRulesOf, hasCognitoGuard, isCognitoGuard } from './rule-metadata.js';

/**
 * What the guard asks of the callers of a handler, or `undefined` when the guard does not run for
 * it: neither the handler nor its controller names it, and it is not a global guard. `@Public()`
 * is an answer whether the guard runs or not.
 */
export function effectiveRulesOf(
  // oxlint-disable-next-line typescript/no-unsafe-function-type -- what Nest hands out as handler and class
  { handler, controller }: { handler: Function; controller: Function },
  application: ApplicationConfig,
): AccessRules | undefined {
  const isGuarded =
    hasCognitoGuard(handler) || hasCognitoGuard(controller) || isGuardedGlobally(application);
  const rules = accessRulesOf(handler, controller);
  return isGuarded || rules.mode === 'public' ? rules : undefined;
}

function isGuardedGlobally(application: ApplicationConfig): boolean {
  return (
    application.getGlobalGuards().some(isCognitoGuard) ||
    application.getGlobalRequestGuards().some(({ metatype }) => isCognitoGuard(metatype))
  );
}
