import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { faultText, withoutTokens } from './fault-text.js';

const encoded = (length: number) => randomBytes(length).toString('base64url');
const HEADER = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ';
const TOKEN = [HEADER, encoded(600), encoded(256)].join('.');

const piecesOf = (length: number) => TOKEN.match(new RegExp(`.{1,${length}}`, 'g')) ?? [];
const percent = (character: string) => `%${character.charCodeAt(0).toString(16)}`;

/** Runs of 16 characters of the token that a text has, whatever stands between them. */
function leftIn(text: string): string[] {
  const flat = text
    .replace(/%(?:25)*([\da-f]{2})/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replace(/\\n|[^\w+/-]/g, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const known = TOKEN.replaceAll('.', '');
  const runs = Array.from({ length: known.length - 15 }, (_, at) => known.slice(at, at + 16));
  return runs.filter((run) => flat.includes(run));
}

describe('A text without tokens', () => {
  it.each<[string, string]>([
    ['whole', TOKEN],
    ['in lines of 64 columns', piecesOf(64).join('\n')],
    ['in lines of 76 columns with CRLF', piecesOf(76).join('\r\n')],
    ['in lines of 7 columns', piecesOf(7).join('\n')],
    ['in indented lines', piecesOf(100).join('\n      ')],
    ['in a list of texts', JSON.stringify(piecesOf(40))],
    ['in a list of characters', inspect(TOKEN.split(''), { maxArrayLength: null })],
    ['in concatenated lines', inspect({ sent: piecesOf(64).join('\n') })],
    ['in JSON within JSON', JSON.stringify(JSON.stringify({ sent: piecesOf(33).join('\n') }))],
    ['without its end', TOKEN.slice(0, -20)],
    ['cut off in its payload', `${TOKEN.slice(0, 601)}…`],
    ['without its beginning', `…${TOKEN.slice(300)}`],
    ['with - and _ percent-encoded', TOKEN.replaceAll('-', '%2D').replaceAll('_', '%5f')],
    ['percent-encoded twice', encodeURIComponent(TOKEN.split('').map(percent).join(''))],
    ['percent-encoded throughout', TOKEN.split('').map(percent).join('')],
    ['in the other alphabet of Base64', TOKEN.replaceAll('-', '+').replaceAll('_', '/')],
    ['as a piece of 40 characters', TOKEN.slice(-40)],
    ['twice in a row', TOKEN + TOKEN],
  ])('has no run of 16 characters of a token that is there %s', (_, quoted) => {
    for (const text of [quoted, `Bearer ${quoted}, sent by "alice"`]) {
      const safe = withoutTokens(text, [undefined, null, '', TOKEN]);
      expect(leftIn(text)).not.toEqual([]);
      expect(leftIn(safe)).toEqual([]);
      expect(safe.length).toBeLessThan(150);
    }
  });

  it('keeps everything else as it is', () => {
    const text = `GET https://api.example/accounts?x=%2D%zz&y=1+1 failed:\n  'C:\\new' + "${encoded(40)}" %`;
    expect(withoutTokens(text, [TOKEN])).toBe(text);
    expect(withoutTokens(`${text}${piecesOf(64).join('\n')}${text}`, [TOKEN])).toBe(
      `${text}[part of the token]${text}`,
    );
    expect(withoutTokens(`a ${TOKEN} b`, [TOKEN])).toBe('a [token] b');
    expect(withoutTokens('x.y.z and xyz', ['x.y.z'])).toBe('[token] and xyz');
  });

  it('has neither of two tokens', () => {
    const other = [HEADER, encoded(300), encoded(256)].join('.');
    expect(withoutTokens(`${TOKEN} ${other.slice(50)}`, [TOKEN, other])).toBe(
      '[token] [part of the token]',
    );
  });
});

const members = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`name${index}`, `text ${index}`]),
  );

function nested(levels: number): Error {
  let error = new Error('the first one');
  for (let level = 1; level < levels; level += 1) {
    error = new Error(`level ${level}`, { cause: error });
  }
  return error;
}

describe('The text of a fault', () => {
  it.each<[string, unknown, string[]]>([
    ['an object with many members', members(5_000), ["name0: 'text 0'", '4980 more']],
    ['such an object on an error', Object.assign(new Error('x'), members(5_000)), ['name0']],
    ['such an object within another', { a: members(5_000) }, ['name0']],
    ['a function with many members', Object.assign(() => 1, members(5_000)), ['[Function']],
    ['a long list', Array.from({ length: 100_000 }, (_, index) => index), ['19', '99980 more']],
    ['a list with many holes', Object.assign([], { length: 2 ** 32 - 1 }), ['4294967275 more']],
    ['a large set', new Set(Array.from({ length: 100_000 }, (_, i) => i)), ['Set(100000)', '19']],
    [
      'a large map',
      new Map(Array.from({ length: 100_000 }, (_, i) => [`key${i}`, i])),
      ['Map(100000)', "'key0'"],
    ],
    ['a long text', 'x'.repeat(2 ** 24), ['a text of 16777216 characters']],
    ['a long message', new Error('x'.repeat(2 ** 24)), ['Error: [a text of 16777216 characters]']],
    ['a long member', { body: 'x'.repeat(2 ** 24) }, ['a text of 16777216 characters']],
    ['a long name', { ['x'.repeat(2 ** 16)]: 1 }, ['xxx…']],
    ['many bytes', Object.assign(new Error('x'), { sent: Buffer.alloc(2 ** 24) }), ['16777216 by']],
    ['many causes', nested(10_000), ['level 9999', 'level 9992']],
    [
      'many errors',
      new AggregateError(Array.from({ length: 9_999 }, () => new Error('e'))),
      ['9979'],
    ],
  ])('is short: %s', (_, fault, texts) => {
    const text = faultText(fault);
    expect(text.length).toBeLessThanOrEqual(10_000);
    for (const each of texts) expect(text).toContain(each);
  });

  it('opens no further object after one with thousands of members', () => {
    let opened = 0;
    const watched = new Proxy({}, { ownKeys: () => ((opened += 1), []) });
    const text = faultText({ first: members(5_000), second: members(5), third: watched });
    expect(text).toContain('second: [Object]');
    expect(opened).toBe(0);
  });

  it('calls no getters, and looks at no proxies', () => {
    const trap = () => {
      throw new Error('trap');
    };
    const hostile = new Proxy({}, { get: trap, getPrototypeOf: trap, ownKeys: trap, has: trap });
    const getter = Object.defineProperty({}, 'secret', { get: trap, enumerable: true });
    expect(faultText(hostile)).toContain('cannot be shown');
    expect(faultText({ hostile })).toContain('cannot be shown');
    expect(faultText(getter)).toBe('{ secret: [Getter] }');
    const cause = Object.defineProperty(new Error('a'), 'cause', { get: trap });
    expect(faultText(cause)).toMatch(/^Error: a\n/);
    expect(faultText(new Error('b', { cause: hostile }))).toMatch(/^Error: b\n[^]+cannot be shown/);
  });

  it('shows an error that is its own cause once', () => {
    const error: Error = new Error('a');
    error.cause = error;
    expect(faultText(error).split('Error: a')).toHaveLength(2);
  });

  it('names the class, and shows members and what was thrown', () => {
    class NoConnection extends Error {}
    const error = Object.assign(new NoConnection('lost'), { code: 'ECONNRESET', at: new Date(0) });
    expect(faultText(error)).toMatch(
      /^NoConnection: lost\n +at [^]+ \{ code: 'ECONNRESET', at: 1970-01-01T00:00:00.000Z \}$/,
    );
    expect(faultText('text')).toBe("'text'");
    expect(faultText(undefined)).toBe('undefined');
    expect(faultText(Symbol('mark'))).toBe('Symbol(mark)');
    expect(faultText({ list: [1, /a/], id: 7n, none: null })).toBe(
      '{ list: [ 1, /a/ ], id: 7n, none: null }',
    );
    expect(faultText(Response.json({}, { status: 418 }))).toContain('status: 418');
  });
});
