import { createRequire } from 'node:module';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import { Api } from './api.js';
import type { Answer } from './api.js';

/** What the process is told, in its first argument. */
export interface Assignment {
  readonly options: CognitoAuthOptions;
  /** Sent first, one after the other. */
  readonly inTurn: readonly string[];
  /** Sent then, all at once. */
  readonly atOnce?: readonly string[];
}

/** What the process tells when it is done, in the last line of its output. */
export interface Report {
  readonly inTurn: Answer[];
  readonly atOnce: Answer[];
  readonly loadsJwksRsa: boolean;
  /** Kilobytes by which the most memory ever held grew from the first answers to the last. */
  readonly growth: number;
}

const assignment = JSON.parse(process.argv[3] ?? '') as Assignment;
console.log(JSON.stringify(await reportOn(assignment)));

async function reportOn({ options, inTurn, atOnce = [] }: Assignment): Promise<Report> {
  const api = await Api.start(options);
  const answersInTurn: Answer[] = [];
  for (const token of inTurn) answersInTurn.push(await api.get(token));
  const before = process.resourceUsage().maxRSS;
  const answersAtOnce = await Promise.all(atOnce.map((token) => api.get(token)));
  const growth = process.resourceUsage().maxRSS - before;
  await api.close();
  return { inTurn: answersInTurn, atOnce: answersAtOnce, loadsJwksRsa: loadsJwksRsa(), growth };
}

function loadsJwksRsa(): boolean {
  const { cache } = createRequire(import.meta.url);
  return Object.keys(cache).some((file) => /[/\\]jwks-rsa[/\\]/.test(file));
}
