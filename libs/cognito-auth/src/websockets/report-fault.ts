import { HttpException, Logger } from '@nestjs/common';
import { FaultLog } from '../faults/fault-log.js';
import { isInstanceOf } from '../faults/foreign-errors.js';
import { CognitoAuthError } from '../index.js';

const faults = new FaultLog(new Logger('CognitoWsAdapter'));

/** Logs what is no refusal but a fault of the application; its code may quote the token. */
export function reportFault(error: unknown, tokens: readonly (string | undefined)[]): void {
  const fault = faultIn(error);
  if (fault === undefined) return;
  const line = 'A socket cannot be authenticated';
  const hook = isInstanceOf(fault, CognitoAuthError) && fault.hook;
  faults.error(hook ? `${line} (${hook})` : line, line, fault, tokens);
}

function faultIn(error: unknown): unknown {
  // Says which hook it was, and has what it threw as its cause.
  if (isInstanceOf(error, CognitoAuthError))
    return error.code === 'hook_failed' ? error : undefined;
  return isInstanceOf(error, HttpException) ? undefined : error;
}
