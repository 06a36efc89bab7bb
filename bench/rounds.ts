import { ROUNDS } from './knobs.js';

/** The values of each round, by the name of what was measured. */
export class Samples {
  private readonly values = new Map<string, number[]>();

  /** From another process. */
  static from(values: Record<string, readonly number[]>): Samples {
    const samples = new Samples();
    for (const [name, ofName] of Object.entries(values)) samples.values.set(name, [...ofName]);
    return samples;
  }

  add(name: string, value: number): void {
    const ofName = this.values.get(name);
    if (ofName) ofName.push(value);
    else this.values.set(name, [value]);
  }

  of(name: string): readonly number[] {
    const ofName = this.values.get(name);
    if (!ofName) throw new Error(`"${name}" was not measured`);
    return ofName;
  }

  all(): (readonly number[])[] {
    return [...this.values.values()];
  }

  toJSON(): Record<string, readonly number[]> {
    return Object.fromEntries(this.values);
  }
}

/** Measures one thing after the other, and then all of them again: A B C, A B C, A B C. */
export async function measureInRounds<Thing extends { readonly name: string }>(
  things: readonly Thing[],
  measure: (thing: Thing) => Promise<number>,
): Promise<Samples> {
  const samples = new Samples();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const thing of things) samples.add(thing.name, await measure(thing));
  }
  return samples;
}
