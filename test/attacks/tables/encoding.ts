import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { encoded, jws, rs, signedText } from '../forgery.js';

// A body carries what no Authorization header could, so that it is the verifier that refuses it.

/** What becomes of the text of a genuine token. */
export const EDITS: Record<string, (token: string, kit: AttackKit) => string> = {
  'one = behind it': (token) => `${token}=`,
  'two = behind it': (token) => `${token}==`,
  'padding behind its header': (token) => token.replace('.', '=.'),
  'padding behind its payload': (token) => token.replace(/\.(?=[^.]*$)/, '=.'),
  'a space behind it': (token) => `${token} `,
  'a space in front': (token) => ` ${token}`,
  'a space in its header': (token) => inserted(token, 4, ' '),
  'a space in its signature': (token) => inserted(token, -4, ' '),
  'a newline behind it': (token) => `${token}\n`,
  'a newline in its signature': (token) => inserted(token, -4, '\n'),
  'CRLF in its payload': (token) => token.replace('.', '.\r\n'),
  'a tab in its payload': (token) => token.replace('.', '.\t'),
  'NUL behind it': (token) => `${token}\u0000`,
  'NUL in its signature': (token) => inserted(token, -4, '\u0000'),
  'a byte order mark in front': (token) => `\ufeff${token}`,
  'a zero-width space in its signature': (token) => inserted(token, -4, '\u200b'),
  'a no-break space behind it': (token) => `${token}\u00a0`,
  'a dollar sign in its signature, which lenient decoders skip': (token) =>
    inserted(token, -4, '$'),
  'a letter whose low byte is that of the letter it replaced': (token) =>
    token.replace(/[A-Z](?=[^.]*$)/, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0x100)),
  'full-width dots': (token) => token.replaceAll('.', '．'),
  'dots in percent-encoding': (token) => token.replaceAll('.', '%2E'),
  'all letters in capitals': (token) => token.toUpperCase(),
  'quotes around it': (token) => `"${token}"`,
  'its own scheme in front': (token) => `Bearer ${token}`,
  'a second token behind a comma': (token) => `${token},${token}`,
  'a second token behind a space': (token) => `${token} ${token}`,
  'a second token right behind it': (token) => `${token}${token}`,
  'a dot in front': (token) => `.${token}`,
  'a dot behind it': (token) => `${token}.`,
  'a fourth part': (token) => `${token}.AAAA`,
  'a sixth part': (token) => `${token}.AAAA.AAAA.AAAA`,
  'no header': (token) => token.replace(/^[^.]+/, ''),
  'no payload': (token) => token.replace(/\.[^.]+\./, '..'),
  'no signature': (token) => token.replace(/[^.]+$/, ''),
  'no signature and no last dot': (token) => token.replace(/\.[^.]+$/, ''),
  'its header alone': (token) => token.replace(/\..*$/, ''),
  'its dots removed': (token) => token.replaceAll('.', ''),
  'its parts in the JSON serialization': (token) => {
    const [header, payload, signature] = token.split('.');
    return JSON.stringify({ protected: header, payload, signature });
  },
  'another last character of the same signature (1)': (token) => uncanonical(token, 2, 1),
  'another last character of the same signature (2)': (token) => uncanonical(token, 2, 2),
  'another last character of the same signature (15)': (token) => uncanonical(token, 2, 15),
  'the letters of standard base64': (token) => token.replaceAll('-', '+').replaceAll('_', '/'),
};

const edits: Attack[] = Object.entries(EDITS).map(([name, edit], index) => ({
  id: `encoding-${index}`,
  title: `a genuine token with ${name}`,
  make: (kit) => edit(tokenWithBothLetters(kit), kit),
  carrier: 'body',
  expect: refused('malformed_token'),
}));

/** Texts that were never tokens. */
const TEXTS: readonly string[] = [
  'a',
  'a.b.c',
  '.',
  '..',
  '...',
  '.'.repeat(1_000),
  '.'.repeat(16_384),
  'null',
  'undefined',
  '[object Object]',
  '{}',
  'e30.e30.e30',
  '\u0000.\u0000.\u0000',
  '💥.💥.💥',
  '\ud800.\udc00.\ud800',
  'A'.repeat(16_384),
  'A'.repeat(16_385),
  'A'.repeat(1_000_000),
  '.'.repeat(1_000_000),
  '='.repeat(1_000_000),
  ' '.repeat(1_000_000),
];

const texts: Attack[] = TEXTS.map((text, index) => ({
  id: `text-${index}`,
  title: text.length > 40 ? `${text.length} times ${text.slice(0, 1)}` : JSON.stringify(text),
  make: () => text,
  carrier: 'body',
  expect: refused('malformed_token'),
}));

const rest: Attack[] = [
  {
    id: 'empty-signature-unknown-key',
    title: 'a token with no signature and an unknown key id',
    make: (kit) => kit.token({}, { kid: 'unknown' }).replace(/[^.]+$/, ''),
    expect: refused('malformed_token'),
  },
  {
    id: 'uncanonical-header',
    title: 'a genuine signature over a header that ends in a character that is not canonical',
    make: (kit) => signedOverUncanonical(kit, 0),
    expect: refused('malformed_token'),
  },
  {
    id: 'uncanonical-payload',
    title: 'a genuine signature over a payload that ends in a character that is not canonical',
    make: (kit) => signedOverUncanonical(kit, 1),
    expect: refused('malformed_token'),
  },
  {
    id: 'padded-and-signed',
    title: 'a genuine signature over a payload with padding',
    make: (kit) => {
      const [header, payload] = unevenParts(kit);
      return signedText(
        `${header}.${payload}${'='.repeat(4 - (payload.length % 4))}`,
        rs(256, kit.published),
      );
    },
    carrier: 'body',
    expect: refused('malformed_token'),
  },
  {
    id: 'encrypted',
    title: 'a refresh token, which is encrypted',
    make: () =>
      `${encoded({ cty: 'JWT', enc: 'A256GCM', alg: 'RSA-OAEP' })}.${'Kx9_'.repeat(85)}.T3Bh.${'cXVl'.repeat(200)}.SXM_`,
    expect: refused('malformed_token'),
  },
  {
    id: 'length-at-limit',
    title: 'a genuine token of exactly 16,384 characters',
    make: (kit) => tokenOfLength(kit, 16_384),
    expect: accepted({ username: 'mallory' }),
    maxHeaderSize: 100_000,
  },
  {
    id: 'length-above-limit',
    title: 'a genuine token of just more than 16,384 characters',
    make: (kit) => tokenOfLength(kit, 16_385),
    expect: refused('malformed_token'),
    maxHeaderSize: 100_000,
  },
  {
    id: 'length-1-mb',
    title: 'a genuine token of 1 MB',
    make: (kit) => tokenOfLength(kit, 1_000_000),
    carrier: 'body',
    expect: refused('malformed_token'),
  },
  {
    id: 'length-1-mb-header',
    title: 'a genuine token of 1 MB in the Authorization header',
    make: (kit) => tokenOfLength(kit, 1_000_000),
    expect: refused('malformed_token'),
    maxHeaderSize: 2_000_000,
  },
];

export const encoding: readonly Attack[] = [...edits, ...texts, ...rest];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function inserted(token: string, at: number, text: string): string {
  return token.slice(0, at) + text + token.slice(at);
}

/** The same bytes for a lenient decoder: the last character with some of its spare bits set. */
function uncanonical(token: string, part: number, spareBits: number): string {
  const parts = token.split('.');
  const text = parts[part] ?? '';
  const last = ALPHABET[ALPHABET.indexOf(text.slice(-1)) | spareBits] ?? '';
  return parts.with(part, text.slice(0, -1) + last).join('.');
}

function signedOverUncanonical(kit: AttackKit, part: number): string {
  return signedText(uncanonical(unevenParts(kit).join('.'), part, 1), rs(256, kit.published));
}

/** A header and a payload that both have spare bits in their last character. */
function unevenParts(kit: AttackKit): [header: string, payload: string] {
  const header = { alg: 'RS256', kid: kit.published.jwk.kid };
  return [uneven(header), uneven(kit.claims())];
}

function uneven(members: object, padding = ''): string {
  const part = encoded({ ...members, padding });
  return part.length % 4 === 2 ? part : uneven(members, `${padding}x`);
}

/** In the letters of base64url, 1 of 10,000 signatures has no `-` or no `_`. */
export function tokenWithBothLetters(kit: AttackKit): string {
  const token = kit.token();
  return token.includes('-') && token.includes('_') ? token : tokenWithBothLetters(kit);
}

/** A genuine token of at least this length, exactly this if that is possible. */
function tokenOfLength(kit: AttackKit, length: number): string {
  const header = { alg: 'RS256', kid: kit.published.jwk.kid };
  const claims = kit.claims();
  const token = (padding: number, text: string) =>
    jws({ ...header, text }, { ...claims, padding: 'x'.repeat(padding) }, rs(256, kit.published));
  // Three more bytes are four more characters; the header makes up for what does not divide.
  const candidates = ['', 'x', 'xx'].map((text) => {
    const missing = length - token(0, text).length;
    return token(Math.ceil((missing * 3) / 4), text);
  });
  const fitting = candidates.filter((candidate) => candidate.length >= length);
  return fitting.toSorted((a, b) => a.length - b.length)[0] ?? '';
}
