/** What the generator adds to every latency, from a slice against a service whose delay is known. */
import {
  type ControlRecord,
  decodeHistogram,
  type GeneratorFloor,
  type Level,
  quantileNs,
} from '../record/index.js';

/** Histograms keep three digits, and clocks of two processes are read a moment apart. */
const TOLD_SHORT = 0.99;
/** A floor above this share of a latency that was measured leaves little of it to the data plane. */
const FLOOR_SHARE = 0.5;

/** The floor that a control shows; null where it measured nothing. Throws RangeError when a histogram cannot be decoded. */
export function generatorFloorOf(control: ControlRecord | undefined): GeneratorFloor | null {
  if (control === undefined || control.failed !== null || control.latency === null) return null;
  const told = decodeHistogram(control.latency);
  if (told.total === 0) return null;
  const quantileMs = (quantile: number) => quantileNs(told, quantile) / 1e6;
  const { driver, delayMs, crossesLink, requests } = control;
  const [p50Ms, p99Ms] = [quantileMs(0.5), quantileMs(0.99)];
  const place = { driver, delayMs, crossesLink, requests, p50Ms, p99Ms };
  const beyond = control.beyondResidence === null ? null : decodeHistogram(control.beyondResidence);
  if (beyond === null || beyond.total === 0) {
    return { ...place, beyondP50Ms: p50Ms - delayMs, beyondP99Ms: p99Ms - delayMs, beyond: 'delay' };
  }
  return {
    ...place,
    beyondP50Ms: quantileNs(beyond, 0.5) / 1e6,
    beyondP99Ms: quantileNs(beyond, 0.99) / 1e6,
    beyond: 'residence',
  };
}

/** What the floor says against a run with these levels of variants with a data plane: `fail` when the generator tells less than passed, `doubt` when it adds much. */
export function floorFindings(
  control: ControlRecord,
  floor: GeneratorFloor | null,
  levels: readonly Level[],
): { readonly state: 'pass' | 'doubt' | 'fail'; readonly detail: string } {
  if (floor === null) {
    const why = control.failed ?? 'no request was answered';
    return { state: 'doubt', detail: `what the generator adds by itself could not be measured: ${why}` };
  }
  const detail = floorInWords(floor);
  if (floor.p50Ms < TOLD_SHORT * floor.delayMs) {
    return { state: 'fail', detail: `${detail}, which is less than it took` };
  }
  const smallest = levels
    .flatMap(({ metric, value, variant }) =>
      metric === 'latency.p50' && value !== null ? [{ variant, p50Ms: value }] : [],
    )
    .reduce<{ variant: string; p50Ms: number } | null>(
      (least, one) => (least === null || one.p50Ms < least.p50Ms ? one : least),
      null,
    );
  if (smallest !== null && floor.beyondP50Ms > FLOOR_SHARE * smallest.p50Ms) {
    return {
      state: 'doubt',
      detail: `${detail}: more than half of the p50 latency of ${smallest.variant}, ${smallest.p50Ms.toFixed(3)} ms`,
    };
  }
  return { state: 'pass', detail };
}

function floorInWords(floor: GeneratorFloor): string {
  const ms = (value: number) => `${value.toFixed(3)} ms`;
  const link = floor.crossesLink ? ', the link to it included' : '';
  const base = floor.beyond === 'residence' ? 'the service’s own time' : 'that';
  return `of a service that waits ${floor.delayMs} ms ${floor.driver} tells ${ms(floor.p50Ms)} at p50: ${ms(floor.beyondP50Ms)} beyond ${base}, and ${ms(floor.beyondP99Ms)} at p99 (${floor.requests} requests without a data plane${link})`;
}
