import { CognitoAuthOptionsError } from 'nestjs-cognito-auth';

/** Something that whoever started the demo can put right; its message says how, in one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}

/** Ends with exit code 1, in one line where that is enough to put it right. */
export function failWith(error: unknown): void {
  const isForTheReader = error instanceof SetupError || error instanceof CognitoAuthOptionsError;
  console.error(isForTheReader ? error.message : error);
  process.exitCode = 1;
}
