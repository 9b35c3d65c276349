/** Whether the CPU clocks in a record can be believed: a clock that stood still, or was read at another moment. */
import type { SliceRecord, WindowRecord } from '../record/index.js';

/** A process that did less in a window may really have used no CPU that its clock shows. */
const FEWEST_REQUESTS = 50;
/** Two readings of one process's clock a moment apart are in order; so much is granted to rounding. */
const SAME_READING_NS = 1000;
/** The times of day of a slice and of the window around it, where one process tells both, and where two do. */
const SAME_CLOCK_MICROS = 1000;
const OTHER_CLOCK_MICROS = 50_000;

/**
 * Why a variant's CPU clocks cannot be believed, in a sentence without a full stop; null when nothing speaks against
 * them. `roles` are those of its proxies; `slices` and `windows` are all of the variant's.
 */
export function cpuClockFault(
  slices: readonly SliceRecord[],
  windows: readonly WindowRecord[],
  roles: readonly string[],
): string | null {
  for (const window of windows) {
    const fault = stoodStill(window, roles) ?? misaligned(window, enclosedIn(window, slices));
    if (fault !== null) return fault;
  }
  return null;
}

/** The slices that a window is around. */
function enclosedIn(window: WindowRecord, slices: readonly SliceRecord[]): readonly SliceRecord[] {
  return slices.filter((slice) =>
    window.track === 'micro'
      ? slice.track === 'micro' && slice.round === window.round && slice.replica === window.replica
      : slice.seq === window.sliceSeq,
  );
}

function stoodStill({ start, end }: WindowRecord, roles: readonly string[]): string | null {
  for (const before of start.processes) {
    if (!roles.includes(before.role) || before.cpuNs === null) continue;
    const after = end.processes.find(({ pid }) => pid === before.pid);
    if (after === undefined || after.cpuNs === null || after.cpuNs !== before.cpuNs) continue;
    const served = (after.witness?.requests ?? 0) - (before.witness?.requests ?? 0);
    if (served >= FEWEST_REQUESTS) {
      return `the CPU clock of ${before.role} stood still while it served ${served} requests`;
    }
    const switches = (after.voluntarySwitches ?? 0) - (before.voluntarySwitches ?? 0);
    if (switches >= FEWEST_REQUESTS) {
      return `the CPU clock of ${before.role} stood still while it was scheduled ${switches} times`;
    }
  }
  return null;
}

function misaligned(window: WindowRecord, slices: readonly SliceRecord[]): string | null {
  for (const slice of slices) {
    const slack = slice.driver === 'loadgen' ? SAME_CLOCK_MICROS : OTHER_CLOCK_MICROS;
    if (
      window.start.atMicros > slice.startedAtMicros + slack ||
      window.end.atMicros < slice.endedAtMicros - slack
    ) {
      return `the window around slice ${slice.seq} does not hold it`;
    }
    for (const edge of slice.cpu) {
      const readingOf = (of: WindowRecord['start']) =>
        of.processes.find(({ pid }) => pid === edge.pid)?.cpuNs ?? null;
      const readings = [
        readingOf(window.start),
        edge.warmupStartNs,
        edge.startNs,
        edge.endNs,
        readingOf(window.end),
      ].filter((ns) => ns !== null);
      const backwards = readings.some(
        (ns, index) => index > 0 && ns < (readings[index - 1] ?? 0) - SAME_READING_NS,
      );
      if (backwards) {
        return `the CPU clock of ${edge.role} in slice ${slice.seq} was not read when the slice ran: its readings are out of order`;
      }
    }
  }
  return null;
}
