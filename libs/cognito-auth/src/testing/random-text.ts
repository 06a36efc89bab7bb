import { randomInt } from 'node:crypto';

const DIGITS = '0123456789';
const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';

/** The characters of an app client id. */
export const LOWERCASE_ALPHANUMERIC = DIGITS + LOWERCASE;
/** The characters of the part of a user pool id after `_`. */
export const BASE62 = LOWERCASE_ALPHANUMERIC + LOWERCASE.toUpperCase();

/** Draws a text of this many characters, each of them from `alphabet`. */
export function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}
