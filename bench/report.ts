import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { arePinned } from './cores.js';
import { loadTool } from './http/load.js';
import { ROUNDS, SECONDS } from './knobs.js';
import type { Samples } from './rounds.js';
import { medianOf, spreadOf } from './statistics.js';

/** One line of the table. */
export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: keyof typeof SHOWN;
  /** Absent where the figure is only for comparison. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
}

interface Line extends Result {
  readonly part: string;
  /** Absent without a target. */
  readonly met?: boolean;
}

const SHOWN = {
  share: (value: number) => `${(value * 100).toFixed(1)} %`,
  times: (value: number) => `${value.toFixed(value < 10 ? 2 : 1)} ×`,
  milliseconds: (value: number) => `${value.toFixed(1)} ms`,
  microseconds: (value: number) => `${value.toFixed(2)} µs`,
  kilobytes: (value: number) => `${value.toFixed(2)} KB`,
};

const FILE = fileURLToPath(new URL('results.json', import.meta.url));

/** Collects what was measured, and shows it. */
export class Report {
  private readonly begunAt = performance.now();
  private readonly lines: Line[] = [];
  private readonly samples: Record<string, Samples> = {};
  private part = '';

  begin(part: string): void {
    this.part = part;
    console.error(`${part} … (after ${this.elapsed} s)`);
  }

  add(...results: readonly Result[]): void {
    for (const result of results) {
      this.lines.push({ part: this.part, ...result, met: isMet(result) });
    }
  }

  /** Keeps what the results were computed from. */
  keep(name: string, samples: Samples): void {
    this.samples[name] = samples;
  }

  /** Prints the table, and writes the file. */
  async finish(): Promise<void> {
    const { machine, elapsed: seconds, lines, samples, spread } = this;
    console.log(`\n${tableOf(lines)}\n\n${Object.values(machine).join(', ')}; ${seconds} s`);
    console.log(`Between the rounds a figure varied by ${spread}.\n`);
    await mkdir(new URL('.', import.meta.url), { recursive: true });
    await writeFile(
      FILE,
      JSON.stringify({ machine, seconds, spread, results: lines, samples }, undefined, 2),
    );
    console.error(`Written to ${FILE}`);
  }

  /** How steady the machine was. */
  private get spread(): string {
    const spreads = Object.values(this.samples).flatMap((samples) => samples.all().map(spreadOf));
    const shown = [medianOf(spreads), Math.max(...spreads)].map(SHOWN.share);
    return `${shown[0]} in the middle, ${shown[1]} at most`;
  }

  private get elapsed(): number {
    return Math.round((performance.now() - this.begunAt) / 1000);
  }

  private get machine() {
    return {
      processor: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}`,
      memory: `${Math.round(totalmem() / 2 ** 30)} GB`,
      system: `${process.platform} ${process.arch}`,
      node: `Node.js ${process.version}`,
      load: `load by ${loadTool()}`,
      cores: arePinned() ? 'server and load on a core of their own' : 'no cores assigned',
      length: `${ROUNDS} rounds of ${SECONDS} s`,
    };
  }
}

function isMet({ value, target }: Result): boolean | undefined {
  if (!target) return undefined;
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

function tableOf(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.part,
    line.name,
    SHOWN[line.unit](line.value),
    shownTarget(line),
    line.met === undefined ? '' : line.met ? 'yes' : 'NO',
  ]);
  const head = ['Part', 'Measured', 'Value', 'Target', 'Met'];
  const widths = head.map((title, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = widths.map((width) => '-'.repeat(width));
  return [head, rule, ...rows].map(lineOf).join('\n');
}

function shownTarget({ target, unit }: Result): string {
  if (!target) return '';
  return 'atLeast' in target
    ? `≥ ${SHOWN[unit](target.atLeast)}`
    : `≤ ${SHOWN[unit](target.atMost)}`;
}
