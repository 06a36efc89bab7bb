import type { AccessRules, GroupsRule, ScopesRule } from '../index.js';

type TokenUses = NonNullable<AccessRules['tokenUse']>;

const PRINCIPALS = { user: 'For users only', client: 'For machines only' } as const;
const TOKEN_KINDS = { access: 'an access token', id: 'an ID token' } as const;

/**
 * Says in Markdown, one paragraph each, what rules ask of a caller.
 *
 * @param defaultTokenUse the kinds of token that are accepted when the rules name none
 */
export function describeAccess(rules: AccessRules, defaultTokenUse: TokenUses): string[] {
  const requirements = [
    ...(rules.tokenUse ? [`Requires ${tokenKindsOf(rules.tokenUse)}`] : []),
    ...(rules.principal ? [PRINCIPALS[rules.principal]] : []),
    ...describeLists('scope', rules.scopes),
    ...describeLists('group', rules.groups),
    ...describeLists('permission', { all: rules.permissions }),
    ...describeLists('user pool', { any: rules.userPools }),
    ...(rules.checks ? ['A further check decides'] : []),
  ];
  if (rules.mode === 'optional') return describeOptional(requirements);
  return requirements.length > 0 ? requirements : [`Requires ${tokenKindsOf(defaultTokenUse)}`];
}

/** The same for programs, as extensions of an operation: a plain list where it says it all. */
export function accessExtensionsOf(rules: AccessRules): Record<`x-${string}`, unknown> {
  return {
    ...(rules.groups && { 'x-cognito-groups': plainListOf(rules.groups, 'any') }),
    ...(rules.scopes && { 'x-cognito-scopes': plainListOf(rules.scopes, 'all') }),
    ...(rules.permissions && { 'x-cognito-permissions': [...rules.permissions] }),
    ...(rules.userPools && { 'x-cognito-user-pools': [...rules.userPools] }),
    ...(rules.tokenUse && { 'x-cognito-token-use': [...rules.tokenUse] }),
    ...(rules.principal && { 'x-cognito-principal': rules.principal }),
  };
}

/** Names kinds of token: `an access token or an ID token`. */
export function tokenKindsOf(tokenUses: TokenUses): string {
  return tokenUses.map((tokenUse) => TOKEN_KINDS[tokenUse]).join(' or ');
}

function describeOptional(requirements: string[]): string[] {
  if (requirements.length === 0) return ['A token is optional'];
  return ['A token is optional. For one that is sent:', ...requirements];
}

function describeLists(noun: string, { any, all, none }: GroupsRule = {}): string[] {
  const lines = [];
  if (all) lines.push(`Requires ${all.length > 1 ? `${noun}s` : noun}: ${conjunctionOf(all)}`);
  if (any?.length === 1) lines.push(`Requires ${noun}: ${listOf(any)}`);
  if (any && any.length > 1) lines.push(`Requires one of the ${noun}s: ${listOf(any)}`);
  if (none) lines.push(`Not for members of: ${listOf(none)}`);
  return lines;
}

function conjunctionOf(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB').format(names.map(escapeMarkdown));
}

function listOf(names: readonly string[]): string {
  return names.map(escapeMarkdown).join(', ');
}

// Group names may hold any punctuation; an underscore within a word means nothing to Markdown.
function escapeMarkdown(name: string): string {
  return name.replace(/[\\`*<>[\]&~]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\$&`);
}

function plainListOf(rule: GroupsRule | ScopesRule, plain: 'any' | 'all'): unknown {
  const isPlain = Object.keys(rule).length === 1;
  const list = isPlain ? rule[plain] : undefined;
  return list ? [...list] : { ...rule };
}
