import type { ContextType } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { guardedRequestOf, requestOf } from './request-of.js';
import { setResponseHeader } from './response-headers.js';

function contextOf(type: string, ...args: unknown[]): ExecutionContextHost {
  const context = new ExecutionContextHost(args);
  context.setType(type as ContextType);
  return context;
}

describe('requestOf()', () => {
  it('gives the request of an HTTP context', () => {
    const request = { headers: {} };
    expect(requestOf(contextOf('http', request, { header() {} }))).toBe(request);
    expect(requestOf(contextOf('http', request, { setHeader() {} }))).toBe(request);
  });

  it.each([
    ['nothing', []],
    ['null', [null, null]],
    ['a text', ['text', 'text']],
    ['a number', [7]],
    ['a list', [[1], [2]]],
    ['an event', [{ object: 'event' }]],
    ['an event beside a response', [{ object: 'event' }, { header() {} }]],
    ['an event with headers', [{ headers: {} }]],
    ['an event with headers and something beside it', [{ headers: {} }, { header: 'text' }]],
    ['an event whose headers are a text', [{ headers: 'text' }, { header() {} }]],
  ])('refuses an HTTP context of %s, of which decorators see nothing', (_name, args) => {
    const context = contextOf('http', ...args);
    expect(() => requestOf(context)).toThrow(
      expect.objectContaining({ code: 'unsupported_context' }),
    );
    expect(guardedRequestOf(context)).toBeUndefined();
  });

  it.each(['telegraf', 'necord'])('refuses a context of the type "%s"', (type) => {
    const attempt = () => requestOf(contextOf(type, { headers: {} }));
    expect(attempt).toThrow(CognitoAuthError);
    expect(attempt).toThrow(expect.objectContaining({ code: 'unsupported_context' }));
    expect(attempt).toThrow(`Requests of the type "${type}" cannot be authenticated here`);
  });
});

describe('setResponseHeader()', () => {
  it('sets a header of the response', () => {
    const headers = new Map<string, string>();
    const response = { header: (name: string, value: string) => headers.set(name, value) };
    setResponseHeader(contextOf('http', {}, response), 'Retry-After', '3');
    expect([...headers]).toEqual([['Retry-After', '3']]);
    const ofNode = { setHeader: response.header };
    setResponseHeader(contextOf('http', {}, ofNode), 'Retry-After', '4');
    expect([...headers]).toEqual([['Retry-After', '4']]);
  });
});
