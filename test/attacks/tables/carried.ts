import type { Attack, Outcome, Unnumbered } from '../attack.js';
import { refused } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { get } from '../raw-http.js';
import type { WireRequest } from '../raw-http.js';

/** A GET request with these lines of headers around one genuine token. */
export function lines(
  title: string,
  linesOf: (token: string, kit: AttackKit) => readonly string[],
  expect: Outcome | readonly Outcome[],
  more: Partial<Attack> = {},
): Unnumbered {
  const make = (kit: AttackKit) => {
    const token = kit.token();
    return get(linesOf(token, kit), token);
  };
  return { title, make, expect, ...more };
}

/** One attack for each value that stands behind `Authorization: `. */
export function authorization(
  expect: Outcome | readonly Outcome[],
  values: Record<string, (token: string) => string>,
  more: Partial<Attack> = {},
): Unnumbered[] {
  return Object.entries(values).map(([title, valueOf]) =>
    lines(title, (token) => [`Authorization: ${valueOf(token)}`], expect, more),
  );
}

/** A whole request around one genuine token. */
export function request(
  title: string,
  make: (token: string) => Omit<WireRequest, 'tokens'>,
  expect: Outcome | readonly Outcome[] = refused('missing_token'),
): Unnumbered {
  return {
    title,
    make: (kit) => {
      const token = kit.token();
      return { ...make(token), tokens: [token] };
    },
    expect,
  };
}
