import type { INestApplicationContext } from '@nestjs/common';
import { RouteInventory } from './route-inventory.js';
import type { RouteInfo } from './route-inventory.js';

interface UnprotectedRoutesOptions {
  /** Routes that are open on purpose: `'GET /metrics'`, `'/metrics'`, or a pattern over both. */
  except?: readonly (string | RegExp)[] | undefined;
}

/**
 * Fails when the guard does not run for a route: for a test that keeps routes from being forgotten.
 * `@Public()` routes pass, since they are open on purpose.
 *
 * @throws Error that lists the open routes, and the exceptions that match no route
 * @example `assertNoUnprotectedRoutes(app, { except: ['GET /metrics'] })`
 */
export function assertNoUnprotectedRoutes(
  app: INestApplicationContext,
  { except = [] }: UnprotectedRoutesOptions = {},
): void {
  const routes = app.get(RouteInventory, { strict: false }).routes();
  const open = routes.filter((route) => !route.rules && !except.some(matches(route)));
  const useless = except.filter((exception) => !routes.some((route) => matches(route)(exception)));
  const problems = [
    ...open.map((route) => `${nameOf(route)} (${route.controller.name}.${route.handler}) is open`),
    ...useless.map((exception) => `the exception ${String(exception)} matches no route`),
  ];
  if (problems.length === 0) return;
  throw new Error(
    `Not every route is protected; add @Authenticated(), a rule, or @Public():\n${problems
      .map((problem) => `  - ${problem}`)
      .join('\n')}`,
  );
}

function matches(route: RouteInfo): (exception: string | RegExp) => boolean {
  return (exception) =>
    typeof exception === 'string'
      ? exception === route.path || exception === nameOf(route)
      : nameOf(route).search(exception) !== -1;
}

function nameOf({ method, path }: RouteInfo): string {
  return `${method} ${path}`;
}
