/** How outcomes are told: in words, shares with their intervals, and Markdown tables. */
import { wilson } from '../../../stats/index.js';
import type { KeptMachine, Planted } from './kept-lines.js';

/** What was planted, in words; what is found of nothing is a false alarm. */
export function plantedText({ what, size }: Planted): string {
  if (size === 0) return `nothing (${what}): false alarms`;
  return what === 'cpu' ? `+${size} % CPU per request` : `+${size} µs latency`;
}

/** `9 of 10, 90 % (60 % to 98 %)`, the interval being Wilson's of 95 %. */
export function shareText(times: number, of: number): string {
  const { low, high } = wilson(times / of, of, 0.95);
  const percent = (share: number) => `${Math.round(100 * share)} %`;
  return `${times} of ${of}, ${percent(times / of)} (${percent(low)} to ${percent(high)})`;
}

/** The mean of ratios, by their logarithms, as `+5.0 %`; a dash where there are none. */
export function meanChangeText(ratios: readonly number[]): string {
  if (ratios.length === 0) return '–';
  const percent = (Math.exp(mean(ratios.map(Math.log))) - 1) * 100;
  return `${percent < 0 ? '−' : '+'}${Math.abs(percent).toFixed(1)} %`;
}

/** NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A Markdown table. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Outcomes that share a key, in the order in which the first of each came. */
export function grouped<One>(all: readonly One[], keyOf: (one: One) => unknown): One[][] {
  const groups = new Map<string, One[]>();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** The order of two outcomes in a table: by kind of machine, what was planted, its size, and the time that was given. */
export function inOrder(a: Placed, b: Placed): number {
  return (
    kindOf(a.machine).localeCompare(kindOf(b.machine)) ||
    a.planted.what.localeCompare(b.planted.what) ||
    a.planted.size - b.planted.size ||
    a.seconds - b.seconds
  );
}

/** The kind of a machine: decisions on machines of one kind add up, since each compares on its own machine. */
export function kindOf({ cpuModel, cores, virtualised }: KeptMachine): string {
  return `${cpuModel}, ${cores} cores${virtualised === null ? '' : `, ${virtualised}`}`;
}

/** A kind and how many machines of it the outcomes are of, as `AMD EPYC, 2 cores, kvm: 2 machines`. */
export function machinesText(outcomes: readonly { readonly machine: KeptMachine }[]): string {
  const [first] = outcomes;
  if (first === undefined) return '–';
  const machines = new Set(outcomes.map(({ machine }) => machine.fingerprint)).size;
  return `${kindOf(first.machine)}: ${machines} ${machines === 1 ? 'machine' : 'machines'}`;
}

/** What places an outcome in a table. */
export interface Placed {
  readonly machine: KeptMachine;
  readonly planted: Planted;
  /** How long the decision was given. */
  readonly seconds: number;
}
