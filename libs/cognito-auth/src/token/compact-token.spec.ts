import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { memberOf } from './claims.js';
import { parseToken, rememberHeader } from './compact-token.js';
import type { UnverifiedToken } from './compact-token.js';

const HEADER = { kid: 'vyVQH7UMjwYboVvyFf+zd4KHZfgc+RtmU/A2vHhgITI=', alg: 'RS256' };
const PAYLOAD = { sub: 'a1b2' };
const SIGNATURE = 'c2ln';

function encoded(part: object | string | Buffer): string {
  const isWritten = typeof part === 'string' || Buffer.isBuffer(part);
  return Buffer.from(isWritten ? part : JSON.stringify(part)).toString('base64url');
}

function tokenOf({
  header = HEADER as object | string | Buffer,
  payload = PAYLOAD as object | string | Buffer,
}) {
  return `${encoded(header)}.${encoded(payload)}.${SIGNATURE}`;
}

/** What is read from a token that is not refused. */
function read(token: string, maxLength = 16_384): UnverifiedToken {
  const parsed = parseToken(token, maxLength);
  if (parsed instanceof CognitoAuthError) throw parsed;
  return parsed;
}

/** The message with which a token is refused. */
function refusalOf(token: string, maxLength = 16_384): string {
  const parsed = parseToken(token, maxLength);
  if (!(parsed instanceof CognitoAuthError)) throw new Error('the token is not refused');
  expect(parsed.code).toBe('malformed_token');
  return parsed.message;
}

describe('parseToken()', () => {
  it('reads the key id, the claims, the signature and what is signed', () => {
    const header = { ...HEADER, kid: 'not remembered' };
    expect(read(tokenOf({ header }))).toEqual({
      kid: 'not remembered',
      claims: PAYLOAD,
      signingInput: `${encoded(header)}.${encoded(PAYLOAD)}`,
      signature: Buffer.from('sig'),
      newHeader: header,
    });
  });

  it('tells headers apart, however many it has read, and in whatever order', () => {
    const kids = Array.from({ length: 140 }, (_, index) => `key-${index}`);
    for (const kid of [...kids, ...kids.toReversed(), ...kids]) {
      const token = read(tokenOf({ header: { ...HEADER, kid } }));
      expect(token.kid).toBe(kid);
      rememberHeader(token);
    }
  });

  it('refuses what it has refused before, and what differs from a good header in its encoding only', () => {
    const [header, ...others] = tokenOf({}).split('.');
    const unsigned = tokenOf({ header: { ...HEADER, alg: 'none' } });
    for (let times = 0; times < 3; times += 1) {
      const token = read(tokenOf({}));
      expect(token.kid).toBe(HEADER.kid);
      rememberHeader(token);
      expect(refusalOf(unsigned)).toBe('The token is not signed with RS256');
      expect(refusalOf([`${header}=`, ...others].join('.'))).toContain(
        'is not canonical base64url',
      );
    }
  });

  it('reads a header anew until a token with it is verified', () => {
    const token = tokenOf({ header: { ...HEADER, kid: 'seldom' } });
    expect(read(token).newHeader).toMatchObject({ kid: 'seldom' });
    rememberHeader(read(token));
    expect(read(token).newHeader).toBeUndefined();
  });

  it.each(['JWT', 'at+jwt'])('takes a token of the type %s', (typ) => {
    expect(read(tokenOf({ header: { ...HEADER, typ } })).kid).toBe(HEADER.kid);
  });

  it('takes the longest token that is allowed, and not one character more', () => {
    const token = tokenOf({});
    expect(read(token, token.length).kid).toBe(HEADER.kid);
    expect(refusalOf(token, token.length - 1)).toBe(
      `The token is longer than ${token.length - 1} characters`,
    );
  });

  it('keeps members named like those of every object to the object itself', () => {
    const payload = '{"__proto__":{"sub":"root"},"constructor":1,"toString":2}';
    const { claims } = read(tokenOf({ payload }));
    expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
    expect(memberOf(claims, 'sub')).toBeUndefined();
    expect(memberOf(claims, '__proto__')).toEqual({ sub: 'root' });
    expect(({} as { sub?: string }).sub).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['dots only', '..'],
    ['one part', encoded(HEADER)],
    ['two parts', `${encoded(HEADER)}.${encoded(PAYLOAD)}`],
    ['four parts', `${tokenOf({})}.${SIGNATURE}`],
    ['a dot at the end', `${tokenOf({})}.`],
    ['no header', `.${encoded(PAYLOAD)}.${SIGNATURE}`],
    ['no payload', `${encoded(HEADER)}..${SIGNATURE}`],
    ['no signature', `${encoded(HEADER)}.${encoded(PAYLOAD)}.`],
    ['thousands of dots', '.'.repeat(16_000)],
  ])('refuses %s', (_, token) => {
    expect(refusalOf(token)).toBe(
      'The token does not have three non-empty parts separated by dots',
    );
  });

  it('tells who sends a refresh token what to send instead', () => {
    expect(refusalOf('eyJjdHkiOiJKV1QifQ.a.b.c.d')).toMatch(
      /^The token is encrypted, as refresh tokens of Cognito are; send an access token/,
    );
  });

  it.each([
    ['padding', `${encoded('{"a":12}')}=`],
    ['the standard alphabet', Buffer.from('{"a":"ÿþ~~"}').toString('base64')],
    ['a space', `${encoded(HEADER)} `],
    ['a line break', `\n${encoded(HEADER)}`],
    // Both decode to the same bytes; only one of them is written by an encoder.
    ['bits that no encoder sets', 'eyJhIjoxfR'],
    ['a lone character', `${encoded('{}!')}A`],
  ])('refuses %s in base64url', (_, part) => {
    const expected = /^The (header|payload|signature) of the token is not canonical base64url/;
    expect(refusalOf(`${part}.${encoded(PAYLOAD)}.${SIGNATURE}`)).toMatch(expected);
    expect(refusalOf(`${encoded(HEADER)}.${part}.${SIGNATURE}`)).toMatch(expected);
    expect(refusalOf(`${encoded(HEADER)}.${encoded(PAYLOAD)}.${part}`)).toMatch(expected);
  });

  it.each([
    ['a list', '[]'],
    ['null', 'null'],
    ['text', '"RS256"'],
    ['a number', '1'],
    ['no JSON', '{alg:RS256}'],
    ['two objects', '{}{}'],
    ['a byte order mark', '\uFEFF{}'],
    ['an unfinished object', '{"alg":"RS256"'],
  ])('refuses %s for a header or a payload', (_, part) => {
    expect(refusalOf(tokenOf({ header: part }))).toBe(
      'The header of the token is not a JSON object',
    );
    expect(refusalOf(tokenOf({ payload: part }))).toBe(
      'The payload of the token is not a JSON object',
    );
  });

  it('refuses bytes that are not UTF-8', () => {
    const broken = Buffer.concat([
      Buffer.from('{"sub":"'),
      Buffer.from([0xc0, 0xaf]),
      Buffer.from('"}'),
    ]);
    expect(refusalOf(tokenOf({ header: broken }))).toBe('The header of the token is not UTF-8');
    expect(refusalOf(tokenOf({ payload: broken }))).toBe('The payload of the token is not UTF-8');
  });

  it.each([
    undefined,
    null,
    '',
    'none',
    'HS256',
    'RS384',
    'PS256',
    'ES256',
    'rs256',
    'RS256 ',
    ['RS256'],
    { toString: 'RS256' },
  ])('refuses the algorithm %j', (alg) => {
    expect(refusalOf(tokenOf({ header: { ...HEADER, alg } }))).toBe(
      'The token is not signed with RS256',
    );
  });

  it('does not take an algorithm or a key id from __proto__', () => {
    const alg = '{"kid":"k1","__proto__":{"alg":"RS256"}}';
    expect(refusalOf(tokenOf({ header: alg }))).toBe('The token is not signed with RS256');
    const kid = '{"alg":"RS256","__proto__":{"kid":"k1"}}';
    expect(refusalOf(tokenOf({ header: kid }))).toMatch(/^The member kid /);
  });

  it.each([
    ['crit', ['exp']],
    ['crit', null],
    ['cty', 'JWT'],
    ['b64', false],
  ])('refuses the header member %s: %j', (name, value) => {
    expect(refusalOf(tokenOf({ header: { ...HEADER, [name]: value } }))).toBe(
      `The header of the token has the member ${name}, which Cognito never sends`,
    );
  });

  it.each(['', 'jwt', 'JWE', 'dpop+jwt', null, 1, ['JWT']])('refuses the type %j', (typ) => {
    expect(refusalOf(tokenOf({ header: { ...HEADER, typ } }))).toBe(
      'The member typ in the header of the token is neither JWT nor at+jwt',
    );
  });

  it.each([undefined, null, '', 7, ['k1'], { k: 1 }, 'k'.repeat(257)])(
    'refuses the key id %j',
    (kid) => {
      expect(refusalOf(tokenOf({ header: { ...HEADER, kid } }))).toBe(
        'The member kid in the header of the token is not a string of 1 to 256 characters',
      );
    },
  );

  it('takes a key id of 256 characters', () => {
    const kid = 'k'.repeat(256);
    expect(read(tokenOf({ header: { ...HEADER, kid } })).kid).toBe(kid);
  });

  it('ignores keys that a token brings along', () => {
    const header = {
      ...HEADER,
      jwk: { kty: 'RSA' },
      jku: 'http://evil.example',
      x5c: ['a'],
      x5u: 'b',
    };
    expect(Object.keys(read(tokenOf({ header })))).toEqual([
      'kid',
      'claims',
      'signingInput',
      'signature',
      'newHeader',
    ]);
  });

  it('shows nothing of the token in a refusal', () => {
    const header = { ...HEADER, alg: 'secret-alg', typ: 'secret-typ' };
    expect(refusalOf(tokenOf({ header }))).not.toContain('secret');
    expect(refusalOf(tokenOf({ header: { ...header, alg: 'RS256' } }))).not.toContain('secret');
  });
});
