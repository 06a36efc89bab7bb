import { HttpException, Injectable, Logger } from '@nestjs/common';
import { faultText } from '../faults/fault-text.js';
import { LineCounts, MOST_LINES } from '../faults/line-counts.js';
import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';
import { reasonOf } from './reason-of.js';

/** The work that may fail. */
export type Undertaking = 'login' | 'callback' | 'session' | 'refresh' | 'logout';

/**
 * Writes down why browsers cannot sign in, stay signed in or sign out: what is the fault of this
 * application, of Cognito or of a store as an error with its cause, and a refused sign-in as a
 * warning. Neither has a token, a code or a state, which may hang on an error with the request that
 * failed: of a cause there is the message, the stack and the code.
 */
@Injectable()
export class FailureLog {
  private readonly logger = new Logger('CognitoHostedUiModule');
  private readonly counts = new LineCounts();

  /** Does some work, and writes down why it failed. */
  async watch<T>(undertaking: Undertaking, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // Nest itself writes down whatever is no HttpException.
      if (error instanceof HttpException) this.report(undertaking, error);
      throw error;
    }
  }

  /** Writes down a fault that has an answer nevertheless. */
  reportFault(fault: string, cause: unknown): void {
    this.write('error', fault, fault, reasonOf(cause));
  }

  private report(undertaking: Undertaking, error: HttpException): void {
    const isFault = error.getStatus() >= 500;
    if (!isFault && undertaking !== 'callback') return;
    const code = codeOf(error);
    const line = `${undertaking}: ${code}${detailsOf(error)}: ${error.message}`;
    this.write(isFault ? 'error' : 'warn', code, line, reasonOf(error.cause));
  }

  private write(level: 'error' | 'warn', code: string, line: string, cause: unknown): void {
    const count = this.counts.add(code);
    if (count > MOST_LINES) return;
    const last = count === MOST_LINES ? '; more of these are not written down for a minute' : '';
    if (level === 'error') this.logger.error(line + last, inspected(cause));
    else this.logger.warn(line + last);
  }
}

function codeOf(error: HttpException): string {
  const { code } = { ...(error.getResponse() as { code?: unknown }) };
  return typeof code === 'string' ? code : `status ${error.getStatus()}`;
}

function detailsOf(error: HttpException): string {
  if (!(error instanceof CognitoHostedUiError)) return '';
  const details = [error.reason, error.description].filter((text) => text !== undefined);
  return details.length > 0 ? ` (${details.join(': ')})` : '';
}

function inspected(cause: unknown): string | undefined {
  return cause === undefined ? undefined : faultText(cause);
}
