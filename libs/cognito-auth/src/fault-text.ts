import { inspect } from 'node:util';

/** Characters of one fault in a log. */
const LONGEST = 10_000;

/** Causes of causes that are shown, two by two. */
const MOST_CAUSES = 4;

/**
 * An error with its causes, or whatever else was thrown, for a log. It may quote the tokens that
 * the failing code was given; they, and their parts, are left out.
 */
export function faultText(
  fault: unknown,
  ...tokens: readonly (string | null | undefined)[]
): string {
  return withoutTokens(shown(fault), tokens).slice(0, LONGEST);
}

/** A text without these tokens, and without their parts. */
export function withoutTokens(
  text: string,
  tokens: readonly (string | null | undefined)[],
): string {
  let safe = text;
  for (const token of tokens) {
    if (typeof token !== 'string' || token === '') continue;
    safe = safe.replaceAll(token, '[token]');
    for (const part of token.split('.')) {
      if (part.length > 10) safe = safe.replaceAll(part, '[part of the token]');
    }
  }
  return safe;
}

function shown(fault: unknown): string {
  try {
    const texts: string[] = [];
    let current: unknown = fault;
    do {
      // Deeper than that are the requests and settings of clients, with credentials of their own.
      // Cut only afterwards: the beginning of a token would not be found.
      texts.push(inspect(current, { depth: 1, maxArrayLength: 20, maxStringLength: Infinity }));
      current = causeOf(causeOf(current));
    } while (current !== undefined && texts.length < MOST_CAUSES);
    return texts.join('\nCaused by: ');
  } catch {
    return 'something was thrown that cannot be shown';
  }
}

function causeOf(fault: unknown): unknown {
  return typeof fault === 'object' && fault !== null ? Reflect.get(fault, 'cause') : undefined;
}
