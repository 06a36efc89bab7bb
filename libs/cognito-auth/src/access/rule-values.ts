import { TOKEN_USES } from '../token/claims.js';
import type { TokenUse } from '../token/claims.js';
import type { CognitoPrincipal } from '../token/principal.js';
import type { AccessRules, GroupsRule, ScopesRule } from './access-rules.js';

/** What to ask of a token outside of a route; each is like the decorator of its name. */
export interface VerifyRules {
  userPools?: readonly string[] | undefined;
  tokenUse?: TokenUse | readonly TokenUse[] | undefined;
  principal?: CognitoPrincipal['kind'] | undefined;
  /** A list means any of these groups. */
  groups?: readonly string[] | GroupsRule | undefined;
  /** A list means all of these scopes. */
  scopes?: readonly string[] | ScopesRule | undefined;
}

/** A rule that is one list of names, or several by what is asked of them. */
export interface ListsRule {
  /** The list that names without an object make. */
  readonly usual: string;
  readonly lists: readonly string[];
  readonly item: RegExp;
  readonly items: string;
}

export const GROUPS: ListsRule = {
  usual: 'any',
  lists: ['any', 'all', 'none'],
  item: /^[^]+$/,
  items: 'non-empty names',
};

export const SCOPES: ListsRule = {
  usual: 'all',
  lists: ['any', 'all'],
  // RFC 6749 §3.3: anything else can neither be in a token nor be named in a challenge.
  item: /^[\x21\x23-\x5b\x5d-\x7e]+$/,
  items: 'scopes (printable ASCII without spaces, quotes and backslashes)',
};

/** The lists of a rule in object form, or `undefined` for what asks for nothing or is no rule. */
export function listsIn(
  given: unknown,
  rule: ListsRule,
): Readonly<Record<string, readonly string[]>> | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const entries = Object.entries(given).filter(([, list]) => list !== undefined);
  const isFine = entries.every(([name, list]) => rule.lists.includes(name) && isList(list, rule));
  if (entries.length === 0 || !isFine) return undefined;
  return Object.freeze(
    Object.fromEntries(
      entries.map(([name, list]) => [name, Object.freeze([...(list as string[])])]),
    ),
  );
}

/** One or more names, or `undefined` for anything else. */
export function namesIn(given: unknown): readonly string[] | undefined {
  return isList(given, GROUPS) ? Object.freeze([...given]) : undefined;
}

/** One or more kinds of token, or `undefined` for anything else. */
export function tokenUsesIn(given: unknown): readonly TokenUse[] | undefined {
  const isFine = isList(given, GROUPS) && given.every((name) => TOKEN_USES.includes(name as never));
  return isFine ? Object.freeze([...given] as TokenUse[]) : undefined;
}

/** What `listsIn()` takes, in words. */
export function listsInWords({ lists, items }: ListsRule): string {
  return `one or more ${items}, or an object with ${lists.join(', ')} as non-empty lists of them`;
}

function isList(list: unknown, { item }: ListsRule): list is string[] {
  return (
    Array.isArray(list) &&
    list.length > 0 &&
    Array.from(list).every((name) => typeof name === 'string' && item.test(name))
  );
}

interface Reader {
  readonly takes: string;
  readonly read: (given: unknown) => unknown;
}

const READERS: Record<keyof VerifyRules, Reader> = {
  userPools: { takes: 'it takes a list of one or more names', read: namesIn },
  tokenUse: {
    takes: `it takes 'access', 'id' or a list of both`,
    read: (given) => tokenUsesIn(Array.isArray(given) ? given : [given]),
  },
  principal: {
    takes: `it takes 'user' or 'client'`,
    read: (given) => (given === 'user' || given === 'client' ? given : undefined),
  },
  groups: readerOf(GROUPS),
  scopes: readerOf(SCOPES),
};

function readerOf(rule: ListsRule): Reader {
  return {
    takes: `it takes a list of ${listsInWords(rule)}`,
    read: (given) => listsIn(Array.isArray(given) ? { [rule.usual]: given } : given, rule),
  };
}

/**
 * The rules of a route that these are like. A rule that asks for nothing, or that nobody knows,
 * must not admit anybody.
 *
 * @param caller who was given the rules
 * @param userPools the names that there are
 * @throws TypeError
 */
export function accessRulesFrom(
  given: VerifyRules,
  caller: string,
  userPools: readonly string[],
): AccessRules {
  checkIsPlain(given, caller);
  const rules: Record<string, unknown> = { mode: 'required' };
  for (const [name, value] of Object.entries(given)) {
    const reader = Object.hasOwn(READERS, name) ? READERS[name as keyof VerifyRules] : undefined;
    if (reader && value === undefined) continue;
    const rule = reader?.read(value);
    if (rule === undefined) {
      const takes = reader?.takes ?? `the rules are ${Object.keys(READERS).join(', ')}`;
      throw new TypeError(`${caller}: "${name}" is not a rule it can check; ${takes}`);
    }
    rules[name] = rule;
  }
  const unknown = (rules['userPools'] as string[] | undefined)?.find(
    (name) => !userPools.includes(name),
  );
  if (unknown !== undefined) {
    const names = userPools.map((name) => `"${name}"`).join(', ');
    throw new TypeError(`${caller}: "userPools" names "${unknown}"; the user pools are ${names}`);
  }
  return Object.freeze(rules) as unknown as AccessRules;
}

/**
 * Refuses lists, maps and the like, whose rules nobody would find.
 *
 * @throws TypeError
 */
export function checkIsPlain(rules: unknown, caller: string): void {
  if (typeof rules === 'object' && rules !== null) {
    const prototype: unknown = Object.getPrototypeOf(rules);
    // A plain object may be of another realm, as in Jest.
    if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  }
  throw new TypeError(`${caller} takes its rules as an object like { groups: ['admin'] }`);
}
