import { ModulesContainer } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { GraphqlOperations, isOfItsSender } from './graphql-operations.js';

const operations = new GraphqlOperations(new ModulesContainer());

/** Whether Apollo Server would say that these came together. */
async function isSentBy(http: object | undefined, req: object): Promise<boolean | undefined> {
  const contextValue = { req };
  await operations.requestDidStart({ request: { http: http as never }, contextValue });
  return isOfItsSender(contextValue);
}

const authorization = 'Bearer a';
const accept = ['a', 'b'];
const sent = { headers: new Map([['authorization', authorization]]), search: '?query=%7Bme%7D' };
const received = { socket: {}, headers: { authorization }, url: '/graphql?query=%7Bme%7D' };

describe('The sender of an operation of Apollo Server', () => {
  it('is the request with its body, or with a batch that it is in', async () => {
    const body = { query: '{ me }' };
    const other = { ...body };
    expect(await isSentBy({ ...sent, body }, { ...received, body })).toBe(true);
    expect(await isSentBy({ ...sent, body }, { ...received, body: [other, body] })).toBe(true);
    expect(await isSentBy({ ...sent, body }, { ...received, body: other })).toBe(false);
    expect(await isSentBy({ ...sent, body }, { ...received, body: [other] })).toBe(false);
    expect(await isSentBy({ ...sent, body }, received)).toBe(false);
  });

  it.each<[is: boolean, what: string, request: object]>([
    [true, 'the same headers', received],
    [true, 'an empty one, too', { ...received, headers: { authorization, accept: '' } }],
    [false, 'another value', { ...received, headers: { authorization: 'Bearer b' } }],
    [false, 'none', { ...received, headers: {} }],
    [false, 'one more', { ...received, headers: { authorization, cookie: 'a=b' } }],
    [false, 'another address', { ...received, url: '/graphql?query=%7Bme%7D&token=a' }],
    [false, 'no query', { ...received, url: '/graphql' }],
  ])('is (%s) the request without a body that has %s', async (is, _what, request) => {
    expect(await isSentBy(sent, request)).toBe(is);
  });

  it('may have headers that the application added, and lists', async () => {
    const rawHeaders = ['Authorization', authorization, 'Accept', 'a', 'Accept', 'b'];
    const headers = new Map([...sent.headers, ['accept', 'a, b']]);
    const request = { ...received, headers: { authorization, accept, 'x-tenant': 'blue' } };
    expect(await isSentBy({ ...sent, headers }, { ...request, rawHeaders })).toBe(true);
    expect(await isSentBy({ ...sent, headers }, { ...request, raw: { rawHeaders } })).toBe(true);
    expect(await isSentBy(sent, { ...request, rawHeaders })).toBe(false);
  });

  it('may have headers that the application changed since Apollo read them', async () => {
    const rawHeaders = ['Authorization', authorization];
    const headers = { authorization: 'Bearer of another scheme' };
    expect(await isSentBy(sent, { ...received, headers, rawHeaders })).toBe(true);
    expect(await isSentBy(sent, { ...received, headers })).toBe(false);
  });

  it('is what the application made, and unknown without HTTP', async () => {
    expect(await isSentBy(sent, { headers: {} })).toBe(true);
    expect(await isSentBy(undefined, received)).toBeUndefined();
  });
});
