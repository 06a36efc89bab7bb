import { ConflictException, ForbiddenException, IntrinsicException } from '@nestjs/common';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { EventPattern, MessagePattern, RpcException } from '@nestjs/microservices';
import { describe, expect, it } from 'vitest';
import { CognitoAuthError } from '../cognito-auth.errors.js';
import { refusalIn } from './refusals.js';

class Handlers {
  @MessagePattern('list')
  list(this: void, _payload: unknown) {}

  @EventPattern('placed')
  placed(this: void, _payload: unknown) {}
}

const { list, placed } = Handlers.prototype;

/** The context of a message for a handler. */
function contextOf(
  handler: (payload: unknown) => void,
  args: unknown[] = [{}, {}],
): ExecutionContextHost {
  const context = new ExecutionContextHost(args, Handlers, handler);
  context.setType('rpc');
  return context;
}

async function rpcErrorOf(error: Error, args?: unknown[]): Promise<unknown> {
  const refusal = await refusalIn(contextOf(list, args), error);
  expect(refusal).toBeInstanceOf(RpcException);
  expect(refusal).toHaveProperty('cause', error);
  return (refusal as RpcException).getError();
}

const MISSING = new CognitoAuthError('missing_token', 'The request has no token');
const MISSING_BODY = {
  status: 'error',
  statusCode: 401,
  error: 'Unauthorized',
  code: 'missing_token',
  message: 'The request has no token',
};

describe('A refusal of a message', () => {
  it('tells the client what a refusal of a request does', async () => {
    expect(await rpcErrorOf(MISSING)).toEqual(MISSING_BODY);
  });

  it('says when to try again', async () => {
    const error = new CognitoAuthError('keys_unavailable', 'No keys', { retryAfter: 7 });
    expect(await rpcErrorOf(error)).toMatchObject({ statusCode: 503, retryAfter: 7 });
  });

  it('passes on what a hook throws for the client', async () => {
    const error = { status: 'error', statusCode: 403, error: 'Forbidden', message: 'Banned' };
    expect(await rpcErrorOf(new ForbiddenException('Banned'))).toEqual(error);
    const bare = new ForbiddenException({ reason: 'Banned' });
    expect(await rpcErrorOf(bare)).toEqual({ status: 'error', reason: 'Banned' });
  });

  it('keeps to itself what is a fault of the application', async () => {
    const fault = new TypeError('users is undefined');
    expect(await refusalIn(contextOf(list), fault)).toBe(fault);
    expect(await refusalIn(contextOf(placed), fault)).toBe(fault);
  });

  it.each<[number, Error, string]>([
    [3, new CognitoAuthError('malformed_request', 'Two'), 'malformed_request: Two'],
    [16, MISSING, 'missing_token: The request has no token'],
    [7, new CognitoAuthError('insufficient_group', 'No'), 'insufficient_group: No'],
    [14, new CognitoAuthError('keys_unavailable', 'None'), 'keys_unavailable: None'],
    [2, new ConflictException('Twice'), 'Twice'],
  ])('has the status %i of gRPC', async (code, error, details) => {
    const metadata = { get: () => [], getMap: () => ({}) };
    expect(await rpcErrorOf(error, [{}, metadata, {}])).toEqual({
      code,
      details,
      message: details,
    });
  });
});

describe('A refusal of an event', () => {
  it('is nothing that Nest logs, since anybody can send events', async () => {
    const refusal = await refusalIn(contextOf(placed), MISSING);
    expect(refusal).toBeInstanceOf(IntrinsicException);
    expect(refusal).not.toBeInstanceOf(RpcException);
  });

  it('tells filters why', async () => {
    const refusal = (await refusalIn(contextOf(placed), MISSING)) as RpcException;
    expect(refusal).toMatchObject({
      name: 'CognitoAuthError',
      code: 'missing_token',
      message: 'The request has no token',
      cause: MISSING,
    });
    expect(refusal.getError()).toEqual(MISSING_BODY);
  });
});
