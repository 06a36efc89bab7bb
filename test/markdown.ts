import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** A fenced block of code. */
export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The number of its first line of code, from 1. */
  readonly line: number;
}

/** The fenced blocks of a Markdown text, in order. */
export function codeBlocksIn(markdown: string): CodeBlock[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => ({
    language: match[1] ?? '',
    code: match[2] ?? '',
    line: markdown.slice(0, match.index).split('\n').length + 1,
  }));
}

/** The text below a heading, up to the next one of the same level. */
export function sectionOf(markdown: string, heading: string): string {
  const [, rest] = markdown.split(`\n${heading}\n`);
  if (rest === undefined) throw new Error(`There is no heading "${heading}"`);
  const [level = ''] = heading.split(' ');
  return rest.split(`\n${level} `)[0] ?? '';
}

/** The rows of the first table of a text, without its head. */
export function tableIn(markdown: string): string[][] {
  const [, , ...rows] = /(?:^\|.*\n)+/m.exec(markdown)?.[0].trimEnd().split('\n') ?? [];
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** The name that links use for each heading. */
export function anchorsIn(markdown: string): string[] {
  const headings = markdown.matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** A command in a shell, and what it is said to answer. */
export interface Exchange {
  readonly command: string;
  readonly answer: string;
}

/** The commands behind prompts, each with the lines below it. */
export function exchangesIn(session: string): Exchange[] {
  const [, ...parts] = session.split(/^\$ /m);
  return parts.map((part) => {
    const [command = '', ...answer] = part.trimEnd().split('\n');
    return { command, answer: answer.join('\n') };
  });
}

/** Types the commands into one shell, and returns them with what it really answers. */
export async function typed(
  exchanges: readonly Exchange[],
  environment: Record<string, string> = {},
): Promise<Exchange[]> {
  const mark = '--- next ---';
  const script = exchanges.map(({ command }) => `${command}\necho; echo '${mark}'\n`).join('');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { PATH: process.env['PATH'], ...environment },
  });
  const answers = stdout.split(`${mark}\n`);
  return exchanges.map(({ command }, index) => ({
    command,
    answer: (answers[index] ?? '').trim(),
  }));
}
