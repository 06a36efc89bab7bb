import { BadRequestException, HttpException, Logger } from '@nestjs/common';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CognitoAuthError } from '../index.js';
import { isFinal, refusalOf } from './refusal.js';
import { reportFault } from './report-fault.js';

const failed = new CognitoAuthError('hook_failed', 'A hook failed', {
  cause: new Error('no answer to TOKEN'),
});

describe('What a client is told', () => {
  it.each([
    [new CognitoAuthError('token_expired', 'Expired'), 4401, 'token_expired', true],
    [failed, 4503, 'hook_failed', false],
    [new BadRequestException('Go away'), 4400, 'refused', true],
    [new HttpException('Busy', 503), 4503, 'refused', false],
    [new TypeError('secret'), 4500, 'refused', false],
    [undefined, 4500, 'refused', false],
  ])(
    'of %s is a code of its own, a reason, and whether it is final',
    (error, code, reason, final) => {
      expect(refusalOf(error)).toMatchObject({ closeCode: code, reason });
      expect(isFinal(error)).toBe(final);
    },
  );

  it('has the body of an exception, and nothing of a fault', () => {
    expect(refusalOf(new HttpException('Busy', 503)).body).toEqual({
      status: 'error',
      message: 'Busy',
    });
    expect(refusalOf(new TypeError('secret')).body).toEqual({
      status: 'error',
      statusCode: 500,
      message: 'Internal server error',
    });
  });
});

describe('The log', () => {
  const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);

  afterEach(() => log.mockClear());

  it('has the faults of hooks without the tokens that they quote', () => {
    reportFault(failed, [undefined, 'TOKEN']);
    expect(log).toHaveBeenCalledExactlyOnceWith(
      'A socket cannot be authenticated',
      expect.stringContaining('no answer to [token]'),
    );
  });

  it('has whatever else is no refusal', () => {
    reportFault(new TypeError('broken'), []);
    reportFault('broken', []);
    expect(log).toHaveBeenCalledTimes(2);
  });

  it('has no refusals', () => {
    reportFault(new CognitoAuthError('token_expired', 'Expired'), []);
    reportFault(new BadRequestException(), []);
    expect(log).not.toHaveBeenCalled();
  });
});
