/** Bars of what a request costs, by the process that pays and by the kind of switch. */
import type { HopBars } from './chart-data.js';
import { shortened } from './html.js';
import type { WindowFigures } from './window-figures.js';

/** CPU per request of a variant, in µs; null where it is not known. */
export type CpuOf = (variant: string) => number | null;

/**
 * CPU per request by process, in µs: the whole, shared out as the processes' own clocks have it. Empty for variants
 * whose clocks could not be read.
 */
export function cpuByProcess(
  { id, cpuShares }: WindowFigures,
  cpuOf: CpuOf,
): readonly { readonly role: string; readonly micros: number }[] {
  const whole = cpuOf(id);
  return whole === null ? [] : cpuShares.map(({ role, share }) => ({ role, micros: whole * share }));
}

/** Every role that some variant has, in the order in which they are met. */
export function rolesOf(windows: readonly WindowFigures[]): readonly string[] {
  return [...new Set(windows.flatMap(({ cpuShares }) => cpuShares.map(({ role }) => role)))];
}

/** Null where no variant has more than one process, so that there is nothing to share out. */
export function cpuHopBars(windows: readonly WindowFigures[], cpuOf: CpuOf): HopBars | null {
  const shown = windows.filter(({ cpuShares }) => cpuShares.length > 0);
  if (!shown.some(({ cpuShares }) => cpuShares.length > 1)) return null;
  const split = shown.map(
    (own) => new Map(cpuByProcess(own, cpuOf).map(({ role, micros }) => [role, micros])),
  );
  return {
    labels: shown.map(({ id }) => shortened(id, 24)),
    parts: rolesOf(shown).map((role) => ({
      name: shortened(role, 40),
      values: split.map((own) => own.get(role) ?? null),
    })),
  };
}

/** Context switches per request; null where none could be read. */
export function switchBars(windows: readonly WindowFigures[]): HopBars | null {
  const shown = windows.filter(({ voluntary, involuntary }) => voluntary !== null && involuntary !== null);
  if (!shown.some(({ voluntary, involuntary }) => (voluntary ?? 0) + (involuntary ?? 0) > 0)) return null;
  return {
    labels: shown.map(({ id }) => shortened(id, 24)),
    parts: [
      { name: 'voluntary', values: shown.map(({ voluntary }) => voluntary) },
      { name: 'involuntary', values: shown.map(({ involuntary }) => involuntary) },
    ],
  };
}
