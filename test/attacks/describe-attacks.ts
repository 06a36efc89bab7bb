import { afterAll, beforeAll, describe, it } from 'vitest';
import { assault } from './assault.js';
import { outcomesOf } from './attack.js';
import type { Attack } from './attack.js';
import { AttackKit } from './attack-kit.js';
import type { Platform } from './attacked-app.js';

/**
 * Runs every attack of these tables, which stand under their subjects: each against a new
 * application, once with its keys at hand and once without.
 */
export function describeAttacks(
  tables: Readonly<Record<string, readonly Attack[]>>,
  platform: Platform = 'express',
): void {
  describe(`On ${platform}`, () => {
    let kit: AttackKit;

    beforeAll(async () => {
      kit = await AttackKit.create();
    });

    afterAll(async () => {
      await kit.close();
    });

    describe.each([
      ['with keys at hand', 'required'],
      ['with nothing fetched yet', 'lazy'],
    ] as const)('%s', (_, preload) => {
      describe.each(Object.entries(tables))('%s', (_subject, attacks) => {
        it.each(attacks.map(titled))('answers %s', async (_title, attack) => {
          await assault(kit, attack, { platform, preload });
        });
      });
    });
  });
}

function titled(attack: Attack): [title: string, attack: Attack] {
  const answers = outcomesOf(attack).map(({ status, code }) => [status, code].join(' ').trim());
  return [`${[...new Set(answers)].join(' or ')} to ${attack.title} (${attack.id})`, attack];
}
