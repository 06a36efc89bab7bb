/** Something that whoever started the demo can put right; its message says how, in one line. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
