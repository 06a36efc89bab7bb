import { ExtractJwt } from 'passport-jwt';
import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { extractToken, fromBearerHeader, fromHeader, fromQuery } from './token-extractors.js';

/** A request with this authorization header, as Node presents it. */
function requestWith(authorization: string) {
  return { headers: { authorization }, rawHeaders: ['Authorization', authorization] };
}

/** What the extractor finds in a request, or the code and the message of its refusal. */
function foundIn(request: unknown): unknown {
  try {
    return fromBearerHeader()(request);
  } catch (error) {
    if (error instanceof CognitoAuthError) return { code: error.code, message: error.message };
    throw error;
  }
}

const MALFORMED = {
  code: 'malformed_request',
  message: 'The authorization header is not "Bearer", a space and one token',
};
const TWO_HEADERS = {
  code: 'malformed_request',
  message: 'The request has more than one authorization header; send one',
};

const TWICE = ['Authorization', 'a', 'authorization', 'b'];

describe('fromBearerHeader()', () => {
  it.each([
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer    abc', 'abc'],
  ])('takes the token from "%s"', (header, token) => {
    expect(foundIn(requestWith(header))).toBe(token);
  });

  it.each([
    ['no headers', {}],
    ['no such header', { headers: {} }],
    ['an empty header', requestWith('')],
    ['basic credentials', requestWith('Basic YWxpY2U6c2VjcmV0')],
    ['another scheme', requestWith('Digest username="alice", realm="api"')],
    ['a scheme that begins like ours', requestWith('BearerX abc')],
  ])('finds none with %s', (_, request) => {
    expect(foundIn(request)).toBeNull();
  });

  it.each([
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['two tokens', 'Bearer abc def'],
    ['two tokens and a comma', 'Bearer abc, Bearer def'],
    ['text after the token', 'Bearer abc;x=1'],
    ['a quoted token', 'Bearer "abc"'],
    ['a tab for the space', 'Bearer\tabc'],
    ['a no-break space', 'Bearer\u00a0abc'],
    ['a token without a scheme', 'abc.def.ghi'],
    ['padding in the middle', 'Bearer a=b'],
    ['padding only', 'Bearer ==='],
    ['a token beyond ASCII', 'Bearer ábc'],
    ['nothing but spaces', '   '],
    ['a space before the scheme', ' Bearer abc'],
    ['a scheme that is no token', 'Be@rer abc'],
  ])('refuses %s', (_, header) => {
    expect(foundIn(requestWith(header))).toEqual(MALFORMED);
  });

  it.each([
    ['Express', { rawHeaders: ['authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b'] }],
    [
      'Fastify',
      { raw: { rawHeaders: ['Authorization', 'Bearer a', 'Authorization', 'Bearer b'] } },
    ],
  ])('refuses two headers, of which Node keeps the first, on %s', (_, wire) => {
    expect(foundIn({ headers: { authorization: 'Bearer a' }, ...wire })).toEqual(TWO_HEADERS);
  });

  it('refuses a list of headers', () => {
    expect(foundIn({ headers: { authorization: ['Bearer a', 'Bearer b'] } })).toEqual(TWO_HEADERS);
  });

  it('counts names, not values, among the raw headers', () => {
    const rawHeaders = [
      'Authorization',
      'Bearer a',
      'X-Echo',
      'authorization',
      'X-Authorization',
      'b',
    ];
    expect(foundIn({ headers: { authorization: 'Bearer a' }, rawHeaders })).toBe('a');
  });

  it('reads very long headers in one go', () => {
    expect(foundIn(requestWith(`Bearer ${' '.repeat(100_000)}abc`))).toBe('abc');
    expect(foundIn(requestWith(`Bearer ${'a'.repeat(100_000)}!`))).toEqual(MALFORMED);
    expect(foundIn(requestWith(`Bearer ${'='.repeat(100_000)}!`))).toEqual(MALFORMED);
  });
});

describe('extractToken()', () => {
  it('takes the token of the first extractor that finds one', () => {
    const extractors = [() => null, () => undefined, () => '', () => 'third', () => 'fourth'];
    expect(extractToken(extractors, {})).toBe('third');
  });

  it('asks no extractor after the one that finds a token', () => {
    const after = () => {
      throw new Error('asked');
    };
    expect(extractToken([() => 'first', after], {})).toBe('first');
  });

  it('finds none when no extractor does', () => {
    expect(extractToken([() => null, () => undefined], {})).toBeNull();
  });

  describe('with a header for several extractors', () => {
    const list = [fromBearerHeader(), fromHeader('Authorization')];

    it.each([
      ['a token without a scheme', 'abc.def.ghi', 'abc.def.ghi'],
      ['a token with its scheme', 'Bearer abc.def.ghi', 'abc.def.ghi'],
      ['credentials of another scheme', 'Token abc', 'Token abc'],
    ])('takes %s', (_, header, token) => {
      expect(extractToken(list, requestWith(header))).toBe(token);
    });

    it.each(['Bearer', 'bearer ', 'Bearer a b', 'Bearer\tabc', 'Be@rer abc', 'abc,def', 'abc;'])(
      'refuses "%s"',
      (header) => {
        expect(() => extractToken(list, requestWith(header))).toThrow(
          expect.objectContaining(MALFORMED),
        );
      },
    );

    it('refuses two of them', () => {
      const request = { headers: { authorization: 'a' }, rawHeaders: TWICE };
      expect(() => extractToken(list, request)).toThrow(expect.objectContaining(TWO_HEADERS));
    });

    it('takes what an own extractor finds in it, at once or later, without its prefix', async () => {
      const own = ({ headers }: ReturnType<typeof requestWith>) => headers.authorization.slice(2);
      const later = async (request: ReturnType<typeof requestWith>) => own(request);
      const request = requestWith('x-abc');
      expect(extractToken([fromBearerHeader(), own], request)).toBe('abc');
      expect(await extractToken([fromBearerHeader(), later], request)).toBe('abc');
      expect(await extractToken([async () => null, ...list], request)).toBe('x-abc');
    });

    it('refuses it when the token is found elsewhere, or nowhere', async () => {
      const request = { ...requestWith('abc'), query: { token: 'def' } };
      const refused = expect.objectContaining(MALFORMED) as Error;
      expect(() => extractToken([fromBearerHeader(), fromQuery('token')], request)).toThrow(
        refused,
      );
      expect(() => extractToken([fromBearerHeader(), () => null], request)).toThrow(refused);
      const later = extractToken([fromBearerHeader(), async () => 'def'], request);
      await expect(later).rejects.toThrow(refused);
    });
  });

  it('hands the request to the extractor', () => {
    const request = { cookies: { token: 'abc' } };
    expect(extractToken([({ cookies }: typeof request) => cookies.token], request)).toBe('abc');
  });

  it('works with the extractors of passport-jwt', () => {
    const request = { headers: { 'x-token': 'abc' }, url: '/?t=def' };
    expect(extractToken([ExtractJwt.fromHeader('x-token')], request)).toBe('abc');
    expect(extractToken([ExtractJwt.fromUrlQueryParameter('t')], request)).toBe('def');
  });

  it.each([[['a', 'b']], [7], [true], [{ token: 'a' }]])('refuses %j for a token', (found) => {
    expect(() => extractToken([() => found as never], {})).toThrow(
      expect.objectContaining({
        code: 'malformed_request',
        message: 'The request has more than one token; send one',
      }),
    );
  });

  it('passes on the refusal of an extractor', () => {
    const refusal = new CognitoAuthError('malformed_request', 'Two cookies');
    const refuse = () => {
      throw refusal;
    };
    expect(() => extractToken([refuse, () => 'abc'], {})).toThrow(refusal);
  });

  it('turns whatever an extractor throws into a malformed request', () => {
    const cause = new TypeError("Cannot read properties of undefined (reading 'token')");
    const crash = () => {
      throw cause;
    };
    expect(() => extractToken([crash], {})).toThrow(
      expect.objectContaining({
        code: 'malformed_request',
        message: 'The token of the request cannot be read',
        cause,
      }),
    );
  });
});
