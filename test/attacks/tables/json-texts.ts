import { accepted, refused } from '../attack.js';
import type { Attack } from '../attack.js';
import type { AttackKit } from '../attack-kit.js';
import { jws, rs } from '../forgery.js';
import { MARKER } from '../names.js';

// All signatures are genuine, unless a title says otherwise: what is wrong is the text below them.

const BYTES: Record<string, string> = {
  'a byte that UTF-8 never has': 'ff',
  'a cut sequence': 'c3',
  'a lone continuation': '80',
  'an overlong slash of two bytes': 'c0af',
  'an overlong slash of three bytes': 'e080af',
  'an overlong slash of four bytes': 'f08080af',
  'an overlong quotation mark': 'c0a2',
  'a surrogate': 'eda080',
  'a pair of surrogates': 'eda0bdedb080',
  'a character behind the last one': 'f4908080',
};

const bytes: Attack[] = Object.entries(BYTES).flatMap(([name, hex], index) => [
  {
    id: `utf8-payload-${index}`,
    title: `a payload with ${name}`,
    make: (kit: AttackKit) => kit.sign(withBytes(kit.claims(), hex)),
    expect: refused('malformed_token'),
  },
  {
    id: `utf8-header-${index}`,
    title: `a header with ${name}`,
    make: (kit: AttackKit) => kit.sign(kit.claims(), withBytes(kit.header(), hex)),
    expect: refused('malformed_token'),
  },
]);

const ENCODINGS: Record<string, (json: string) => Buffer> = {
  'UTF-8 with a byte order mark': (json) => Buffer.from(`\ufeff${json}`),
  'UTF-16': (json) => Buffer.from(json, 'utf16le'),
  'UTF-16 with a byte order mark': (json) => Buffer.from(`\ufeff${json}`, 'utf16le'),
  'Latin-1 with an umlaut': (json) => Buffer.from(json.replace('{', '{"ü":1,'), 'latin1'),
};

const encodings: Attack[] = Object.entries(ENCODINGS).flatMap(([name, encode], index) => [
  {
    id: `charset-payload-${index}`,
    title: `a payload in ${name}`,
    make: (kit: AttackKit) => kit.sign(encode(JSON.stringify(kit.claims()))),
    expect: refused('malformed_token'),
  },
  {
    id: `charset-header-${index}`,
    title: `a header in ${name}`,
    make: (kit: AttackKit) => kit.sign(kit.claims(), encode(JSON.stringify(kit.header()))),
    expect: refused('malformed_token'),
  },
]);

/** From the JSON text of a genuine part to one that is no JSON object. */
const NO_OBJECTS: Record<string, (json: string) => string> = {
  'an array': () => '[]',
  'the right object inside an array': (json) => `[${json}]`,
  'a string': () => '"text"',
  'the right object inside a string': (json) => JSON.stringify(json),
  'a number': () => '1',
  null: () => 'null',
  true: () => 'true',
  'a space': () => ' ',
  'half an object': (json) => json.slice(0, -1),
  'an object twice': (json) => json + json,
  'an object and text behind it': (json) => `${json}x`,
  'an object and NUL behind it': (json) => `${json}\u0000`,
  'an object with a comma too many': (json) => json.replace(/}$/, ',}'),
  'an object in single quotes': (json) => json.replaceAll('"', "'"),
  'an object with a comment': (json) => `/**/${json}`,
  'an object with NaN': (json) => json.replace('{', '{"x":NaN,'),
  'an object with Infinity': (json) => json.replace('{', '{"x":Infinity,'),
  'an object with a hexadecimal number': (json) => json.replace('{', '{"x":0x10,'),
  'an object with a number that begins with 0': (json) => json.replace('{', '{"x":01,'),
  'an object with a raw newline in a string': (json) => json.replace('{', '{"x":"\n",'),
  'an object with a bare name': (json) => json.replace('{', '{x:1,'),
  'an object behind a prefix against hijacking': (json) => `)]}'\n${json}`,
};

const noObjects: Attack[] = Object.entries(NO_OBJECTS).flatMap(([name, change], index) => [
  {
    id: `json-payload-${index}`,
    title: `a payload that is ${name}`,
    make: (kit: AttackKit) => kit.sign(change(JSON.stringify(kit.claims()))),
    expect: refused('malformed_token'),
  },
  {
    id: `json-header-${index}`,
    title: `a header that is ${name}`,
    make: (kit: AttackKit) => kit.sign(kit.claims(), change(JSON.stringify(kit.header()))),
    expect: refused('malformed_token'),
  },
]);

const DEEP = 5_000;

const nesting: Attack[] = [
  {
    id: 'deep-array',
    title: 'a claim that is nested 5,000 levels deep',
    make: (kit) => kit.sign(kit.claimsText({ last: `"x":${nested('[', ']', DEEP)}` })),
    expect: [accepted(), refused('malformed_token', 'key')],
  },
  {
    id: 'deep-object',
    title: 'a claim of 1,500 objects in each other',
    make: (kit) => kit.sign(kit.claimsText({ last: `"x":${nested('{"y":', '}', 1_500, '1')}` })),
    expect: [accepted(), refused('malformed_token', 'key')],
  },
  {
    id: 'deep-groups',
    title: 'groups that are nested 5,000 levels deep',
    make: (kit) => kit.sign(kit.claimsText({ last: `"cognito:groups":${nested('[', ']', DEEP)}` })),
    expect: refused('malformed_token', 'key'),
  },
  {
    id: 'deep-header',
    title: 'a header that is nested 5,000 levels deep',
    make: (kit) => {
      const header = JSON.stringify(kit.header()).slice(0, -1);
      return kit.sign(kit.claims(), `${header},"x":${nested('[', ']', DEEP)}}`);
    },
    expect: [accepted(), refused('malformed_token')],
  },
  {
    id: 'deep-forged',
    title: 'a claim that is nested 5,000 levels deep below a forged signature',
    make: (kit) => {
      const claims = kit.claimsText({ last: `"x":${nested('[', ']', DEEP)}` });
      return jws(kit.header(), claims, rs(256, kit.attacker));
    },
    expect: refused('invalid_signature'),
  },
  {
    id: 'deep-beyond-limit',
    title: 'a claim that is nested 100,000 levels deep',
    make: (kit) => kit.sign(kit.claimsText({ last: `"x":${nested('[', ']', 100_000)}` })),
    carrier: 'body',
    expect: refused('malformed_token'),
  },
  {
    id: 'deep-unclosed',
    title: 'a payload of 11,000 opening brackets',
    make: (kit) => kit.sign('['.repeat(11_000)),
    expect: refused('malformed_token'),
  },
  {
    id: 'many-claims',
    title: 'a payload with 1,000 more claims',
    make: (kit) => {
      const claims = Array.from({ length: 1_000 }, (_, index) => `"c${index}":0`);
      return kit.sign(kit.claimsText({ last: claims.join(',') }));
    },
    expect: accepted({ username: 'mallory' }),
  },
];

const unusual: Attack[] = [
  {
    id: 'json-whitespace',
    title: 'a genuine token whose JSON has spaces and newlines between its members',
    make: (kit) =>
      kit.sign(
        `\r\n\t ${JSON.stringify(kit.claims(), null, 2)} \n`,
        ` ${JSON.stringify(kit.header(), null, '\t')}\r\n`,
      ),
    expect: accepted({ username: 'mallory' }),
  },
  {
    id: 'json-escapes',
    title: 'a genuine token whose claims are written with JSON escapes',
    make: (kit) =>
      kit.sign(JSON.stringify(kit.claims()).replace('"username"', String.raw`"\u0075sername"`)),
    expect: accepted({ username: 'mallory' }),
  },
  {
    id: 'json-lone-surrogate',
    title: 'a claim with an escaped lone surrogate',
    make: (kit) => kit.sign(kit.claims({ x: '\ud800' })),
    expect: [accepted({ username: 'mallory' }), refused('malformed_token')],
  },
  {
    id: 'json-lone-surrogate-username',
    title: 'a username that is an escaped lone surrogate',
    make: (kit) => kit.sign(kit.claims({ username: '\udfff' })),
    expect: [accepted({ username: '\udfff' }), refused('malformed_token')],
  },
  {
    id: 'json-control-characters',
    title: 'a username with control characters',
    make: (kit) => kit.sign(kit.claims({ username: `\u0000\r\n\u001b[2J${MARKER}` })),
    expect: [accepted(), refused('malformed_token')],
  },
  {
    id: 'json-empty-payload',
    title: 'a payload without claims',
    make: (kit) => kit.sign('{}'),
    expect: refused('wrong_issuer'),
  },
  {
    id: 'json-empty-header',
    title: 'a header without members',
    make: (kit) => kit.sign(kit.claims(), '{}'),
    expect: refused('malformed_token'),
  },
];

export const jsonTexts: readonly Attack[] = [
  ...bytes,
  ...encodings,
  ...noObjects,
  ...nesting,
  ...unusual,
];

/** The JSON of an object with a member whose value has these bytes. */
function withBytes(members: object, hex: string): Buffer {
  const rest = JSON.stringify(members).slice(1);
  return Buffer.concat([Buffer.from('{"x":"'), Buffer.from(hex, 'hex'), Buffer.from(`",${rest}`)]);
}

function nested(open: string, close: string, depth: number, inside = ''): string {
  return open.repeat(depth) + inside + close.repeat(depth);
}
