import { SetupError } from './setup-error.js';

/** What to say when nobody can listen on this host; `undefined` when that is not the reason. */
export function hostError(cause: unknown, host: string): SetupError | undefined {
  const isUnknown = ['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(String(codeOf(cause)));
  if (!isUnknown) return undefined;
  return new SetupError(`DEMO_HOST must be an address of this machine, got "${host}".`, { cause });
}

/** What to say when this port cannot be had; the cause itself when that is not the reason. */
export function portError(cause: unknown, port: number, variable: string): unknown {
  const problem = PORT_PROBLEMS.get(codeOf(cause));
  return problem ? new SetupError(problem(port, variable), { cause }) : cause;
}

const PORT_PROBLEMS = new Map<unknown, (port: number, variable: string) => string>([
  [
    'EADDRINUSE',
    (port, variable) =>
      `Port ${port} is taken: stop what listens there, or set ${variable} to another port.`,
  ],
  [
    'EACCES',
    (port, variable) =>
      `Port ${port} is not for ordinary users: set ${variable} to a port from 1024 on.`,
  ],
]);

/** The code of a system error, or of the one that led to this error. */
function codeOf(error: unknown): unknown {
  const { code, cause } = error as NodeJS.ErrnoException;
  return code ?? (cause as NodeJS.ErrnoException | undefined)?.code;
}
