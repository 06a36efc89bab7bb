import type { AccessRules, RouteInfo } from 'nestjs-cognito-auth';

/** The routes of an application as a table: method, path, rule and handler. */
export function routeTable(routes: readonly RouteInfo[]): string {
  const rows = routes.map(({ method, path, rules, controller, handler }) => [
    method,
    path,
    ruleOf(rules),
    `${controller.name}.${handler}`,
  ]);
  const table = [['Method', 'Path', 'Rule', 'Handler'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => lengthOf(row[column]))));
  return table.map((row) => lineOf(row, widths)).join('\n');
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  return row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
}

function lengthOf(cell = ''): number {
  return cell.length;
}

/** What the guard asks of a caller, in the words of the decorators. */
function ruleOf(rules?: AccessRules): string {
  if (!rules) return 'OPEN: no guard';
  if (rules.mode === 'public') return 'public';
  const demands = demandsOf(rules);
  if (rules.mode === 'optional') return ['token optional', ...demands].join('; ');
  return demands.join('; ') || 'authenticated';
}

function demandsOf(rules: AccessRules): string[] {
  const { userPools, tokenUse, principal, groups, scopes, permissions, checks = [] } = rules;
  return [
    ...listOf('user pool', { any: userPools }),
    ...listOf('token use', { any: tokenUse }),
    ...(principal ? [`${principal}s only`] : []),
    ...listOf('group', groups),
    ...listOf('scope', scopes),
    ...listOf('permission', { all: permissions }),
    ...checks.map(({ policy }) => `check ${policy.name || 'of its own'}`),
  ];
}

interface Lists {
  readonly any?: readonly string[];
  readonly all?: readonly string[];
  readonly none?: readonly string[];
}

function listOf(noun: string, { any, all, none }: Lists = {}): string[] {
  return [
    ...(any ? [`${noun} ${any.join(' or ')}`] : []),
    ...(all ? [`${noun} ${all.join(' and ')}`] : []),
    ...(none ? [`no ${noun} ${none.join(' or ')}`] : []),
  ];
}
