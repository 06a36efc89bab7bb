import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { isCrossSite } from './cross-site.js';
import { isNavigation, prefersHtml } from './navigation.js';

const ORIGIN = 'https://app.example.com';
const crossSite = (headers: IncomingHttpHeaders) =>
  isCrossSite({ headers } as IncomingMessage, ORIGIN);

describe('A request', () => {
  it.each([
    ['of the same origin', { 'sec-fetch-site': 'same-origin' }],
    ['from the address bar', { 'sec-fetch-site': 'none' }],
    ['of an older browser', { origin: ORIGIN }],
    ['of no browser', {}],
    // Behind a proxy that changes the host: the browser compares with what it sees.
    [
      'of the same origin, with another Origin',
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
    ],
  ])('%s is not from another site', (_, headers) => {
    expect(crossSite(headers)).toBe(false);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['another site that says it is not', { 'sec-fetch-site': 'cross-site', origin: ORIGIN }],
    ['two places', { 'sec-fetch-site': 'same-origin, cross-site' }],
    ['nowhere that is known', { 'sec-fetch-site': '' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['the same host over http', { origin: 'http://app.example.com' }],
    ['a sandbox', { origin: 'null' }],
  ])('is refused from %s', (_, headers) => {
    expect(crossSite(headers)).toBe(true);
  });

  it.each([
    [true, { 'sec-fetch-mode': 'navigate', accept: '*/*' }],
    [true, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }],
    [false, { 'sec-fetch-mode': 'cors', accept: 'text/html' }],
    [false, { 'sec-fetch-site': 'same-origin', accept: 'text/html' }],
    [false, { accept: '*/*' }],
    [false, {}],
  ])('opens a page: %s for %j', (expected, headers) => {
    expect(isNavigation(headers)).toBe(expected);
  });

  it.each([
    [true, 'text/html'],
    [true, 'application/json;q=0.5, TEXT/HTML'],
    [false, 'text/html;q=0.5, application/json'],
    [false, 'text/html;q=0'],
    [false, 'text/html;q=high'],
    [false, '*/*'],
  ])('asks for HTML: %s for %j', (expected, accept) => {
    expect(prefersHtml({ accept })).toBe(expected);
  });
});
