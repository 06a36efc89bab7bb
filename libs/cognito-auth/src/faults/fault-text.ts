import { inspect, types } from 'node:util';
import { ShallowCopy } from './shallow-copy.js';

/** Characters of one fault in a log. */
const LONGEST = 10_000;

/** Causes of causes that are shown. */
const MOST_CAUSES = 8;

type Tokens = readonly (string | null | undefined)[];

/**
 * An error with its causes, or whatever else was thrown, for a log. It may quote the tokens that
 * the failing code was given; they, and their parts, are left out.
 */
export function faultText(fault: unknown, ...tokens: Tokens): string {
  // Cut before tokens are looked for, so that the time does not depend on what was thrown.
  return withoutTokens(shown(fault).slice(0, 2 * LONGEST), tokens).slice(0, LONGEST);
}

function shown(fault: unknown): string {
  const texts: string[] = [];
  const copy = new ShallowCopy();
  const shownBefore = new Set<unknown>();
  let current: unknown = fault;
  do {
    texts.push(textOf(current, copy));
    shownBefore.add(current);
    current = causeOf(current);
  } while (current !== undefined && !shownBefore.has(current) && texts.length < MOST_CAUSES);
  return texts.join('\nCaused by: ');
}

function textOf(fault: unknown, copy: ShallowCopy): string {
  try {
    return inspect(copy.of(fault), { depth: Infinity });
  } catch {
    return 'something was thrown that cannot be shown';
  }
}

function causeOf(fault: unknown): unknown {
  if (typeof fault !== 'object' || fault === null || types.isProxy(fault)) return undefined;
  try {
    return Reflect.get(fault, 'cause');
  } catch {
    return undefined;
  }
}

/** Characters that a piece of a token is found by: whoever has less of it has nothing. */
const PIECE = 8;
const LONGEST_TOKEN = 100_000;

/**
 * A character of a token, as it is or encoded; or what wraps the pieces of one, between which there
 * may be anything that is no such character.
 */
const CHARACTER = /(?:%(?:25)*|\\+u00|\\+x)([\da-f]{2})|\s\+\s|\\+[nrt]?|[\w+/-]/gi;

/**
 * A text without these tokens, and without their pieces from 16 characters on: in several lines or
 * items of a list, cut off, percent-encoded, or in the other alphabet of Base64.
 */
export function withoutTokens(text: string, tokens: Tokens): string {
  let safe = text;
  for (const token of tokens) {
    if (typeof token !== 'string' || token === '') continue;
    safe = safe.replaceAll(token, '[token]');
    safe = withoutPieces(safe, token.slice(0, LONGEST_TOKEN));
  }
  return safe;
}

function withoutPieces(text: string, token: string): string {
  const places = placesIn(token);
  const { characters, starts, ends } = charactersIn(text);
  let safe = '';
  let end = 0;
  let last = 0;
  for (let from = 0; places.size > 0 && from + PIECE <= characters.length; from += 1) {
    const place = places.get(characters.slice(from, from + PIECE));
    if (place === undefined) continue;
    let [first, next] = [from, from + PIECE];
    while (first > last && characters[first - 1] === token[place - from + first - 1]) first -= 1;
    while (next < characters.length && characters[next] === token[place - from + next]) next += 1;
    if (first > last || last === 0) safe += `${text.slice(end, starts[first])}[part of the token]`;
    end = ends[next - 1] ?? end;
    last = next;
    from = next - 1;
  }
  return safe + text.slice(end);
}

/** Every eighth place in the parts of a token: there is one in each piece of 15 characters. */
function placesIn(token: string): Map<string, number> {
  const places = new Map<string, number>();
  let begin = 0;
  for (const part of token.split('.')) {
    for (let at = 0; part.length >= 2 * PIECE && at + PIECE <= part.length; at += PIECE) {
      places.set(part.slice(at, at + PIECE), begin + at);
    }
    begin += part.length + 1;
  }
  return places;
}

/** The characters of a text that tokens may have, and where they stand. */
function charactersIn(text: string) {
  let characters = '';
  const starts: number[] = [];
  const ends: number[] = [];
  for (const match of text.matchAll(CHARACTER)) {
    const [all, code] = match;
    const character = code === undefined ? all : String.fromCharCode(Number.parseInt(code, 16));
    if (!/^[\w+/-]$/.test(character)) continue;
    characters += character.replace('+', '-').replace('/', '_');
    starts.push(match.index);
    ends.push(match.index + all.length);
  }
  return { characters, starts, ends };
}
