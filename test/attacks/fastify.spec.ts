import { outcomesOf } from './attack.js';
import type { Attack } from './attack.js';
import { describeAttacks } from './describe-attacks.js';
import { carriage, tokens } from './tables/index.js';
import { timesBetweenSeconds } from './tables/times.js';

// What differs between the frameworks is how requests and answers are carried: all of that runs
// again, and of what happens to a token, one attack of each subject for every answer.

const others = tokens.filter((table) => table !== timesBetweenSeconds);

describeAttacks(
  { Carriage: carriage, 'One for every answer': others.flatMap(oneForEveryAnswer) },
  'fastify',
);

function oneForEveryAnswer(attacks: readonly Attack[]): Attack[] {
  const first = new Map<string, Attack>();
  for (const attack of attacks) {
    const answers = JSON.stringify(outcomesOf(attack).map(({ status, code }) => [status, code]));
    if (!first.has(answers)) first.set(answers, attack);
  }
  return [...first.values()];
}
