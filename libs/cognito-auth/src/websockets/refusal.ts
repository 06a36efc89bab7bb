import { HttpException } from '@nestjs/common';
import { isInstanceOf } from '../faults/foreign-errors.js';
import { CognitoAuthError } from '../index.js';

/** Why a socket is refused or closed, in the words of its client. */
export interface Refusal {
  /** RFC 6455 §7.4.2: 4000 to 4999 is for applications. It is 4000 and the HTTP status. */
  readonly closeCode: number;
  /** The `code` of the refusal; short enough for a close frame. */
  readonly reason: string;
  /** What `exception` says, as with a message that the guard refuses. */
  readonly body: Readonly<Record<string, unknown>>;
}

export function refusalOf(error: unknown): Refusal {
  const retryAfter = isInstanceOf(error, CognitoAuthError) && error.retryAfter;
  return {
    closeCode: 4000 + statusOf(error),
    reason: isInstanceOf(error, CognitoAuthError) ? error.code : 'refused',
    body: { status: 'error', ...responseOf(error), ...(retryAfter && { retryAfter }) },
  };
}

/** Whether there is no way back: a fault of ours is not one of the caller. */
export function isFinal(error: unknown): boolean {
  return statusOf(error) < 500;
}

/** The HTTP status of a refusal; 500 for what nobody meant to be one. */
function statusOf(error: unknown): number {
  return isInstanceOf(error, HttpException) ? error.getStatus() : 500;
}

function responseOf(error: unknown): object {
  if (!isInstanceOf(error, HttpException))
    return { statusCode: 500, message: 'Internal server error' };
  const response = error.getResponse();
  return typeof response === 'string' ? { message: response } : response;
}
