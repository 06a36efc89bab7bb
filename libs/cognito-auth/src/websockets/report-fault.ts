import { HttpException, Logger } from '@nestjs/common';
import { CognitoAuthError } from '../index.js';

const logger = new Logger('CognitoWsAdapter');

/** Logs what is no refusal but a fault of the application; its code may quote the token. */
export function reportFault(error: unknown, tokens: readonly (string | undefined)[]): void {
  const fault = faultIn(error);
  if (fault === undefined) return;
  const stack = fault instanceof Error ? fault.stack : undefined;
  logger.error('A socket cannot be authenticated', tokens.reduce(withoutToken, stack));
}

function withoutToken(text: string | undefined, token: string | undefined): string | undefined {
  return token ? text?.replaceAll(token, '[token]') : text;
}

function faultIn(error: unknown): unknown {
  if (error instanceof CognitoAuthError)
    return error.code === 'hook_failed' ? error.cause : undefined;
  return error instanceof HttpException ? undefined : error;
}
