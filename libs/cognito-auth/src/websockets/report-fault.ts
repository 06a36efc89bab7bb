import { HttpException, Logger } from '@nestjs/common';
import { faultText } from '../fault-text.js';
import { CognitoAuthError } from '../index.js';

const logger = new Logger('CognitoWsAdapter');

/** Logs what is no refusal but a fault of the application; its code may quote the token. */
export function reportFault(error: unknown, tokens: readonly (string | undefined)[]): void {
  const fault = faultIn(error);
  if (fault === undefined) return;
  logger.error('A socket cannot be authenticated', faultText(fault, ...tokens));
}

function faultIn(error: unknown): unknown {
  // Says which hook it was, and has what it threw as its cause.
  if (error instanceof CognitoAuthError) return error.code === 'hook_failed' ? error : undefined;
  return error instanceof HttpException ? undefined : error;
}
