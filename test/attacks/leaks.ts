import { MARKER } from './names.js';

/** The parts of tokens as they are sent. Shorter ones than these stand in an honest answer by chance. */
export function partsOf(tokens: readonly string[]): string[] {
  return [MARKER, ...tokens.flatMap((token) => token.match(/[^.\s]{8,}/g) ?? [])];
}

/** Every text that stands in header and payload of tokens, unless it is as short. */
export function contentsOf(tokens: readonly string[]): string[] {
  const texts = tokens.flatMap((token) => token.split('.', 2).flatMap(textsIn));
  return texts.filter((text) => text.length >= 8);
}

/** Which of the secrets stand in a text. */
export function leaksIn(text: string, secrets: readonly string[]): string[] {
  return secrets.filter((secret) => text.includes(secret));
}

function textsIn(part: string): string[] {
  try {
    return leavesOf(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch {
    return [];
  }
}

function leavesOf(root: unknown): string[] {
  const texts: string[] = [];
  // Not by recursion: some tokens are nested as deep as they can be.
  for (let level = [root]; level.length > 0;) {
    texts.push(...level.filter((value) => typeof value === 'string'));
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return texts;
}
