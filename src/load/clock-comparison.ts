/** How far an engine's clock is from the harness's, as far as questions and answers can bound it. */
import type { ClockedEngine } from './loadgen.js';

/** How fast two clocks may drift apart: a quartz is right to 100 ppm, and both may be wrong. */
const DRIFT = 200e-6;

export interface ClockComparison {
  /** How much later the engine's clock is, by how much that may be wrong either way, and when it was found. */
  readonly offsetMicros: number;
  readonly uncertaintyMicros: number;
  readonly atMicros: number;
  /** How long the quickest question took. */
  readonly roundTripMicros: number;
}

/**
 * Asks `questions` times, one after another, and keeps the best of the answers and of `before`, as it is bounded now. The
 * clock was read somewhere between question and answer (Cristian, "Probabilistic clock synchronization", Distributed
 * Computing 3, 1989). Throws what the engine throws.
 */
export async function compareClock(
  engine: Pick<ClockedEngine, 'askClock'>,
  questions: number,
  before: ClockComparison | null,
  nowMicros: () => number,
): Promise<ClockComparison> {
  let best = before === null ? null : aged(before, nowMicros());
  for (let asked = 0; asked < questions; asked++) {
    const from = nowMicros();
    const told = await engine.askClock();
    const to = nowMicros();
    const found = {
      offsetMicros: told - (from + to) / 2,
      uncertaintyMicros: (to - from) / 2,
      atMicros: to,
      roundTripMicros: to - from,
    };
    if (best === null || found.uncertaintyMicros <= best.uncertaintyMicros) best = found;
  }
  if (best === null) throw new RangeError('a clock was compared without asking for it');
  return aged(best, nowMicros());
}

function aged(comparison: ClockComparison, nowMicros: number): ClockComparison {
  const { uncertaintyMicros, atMicros } = comparison;
  return {
    ...comparison,
    uncertaintyMicros: uncertaintyMicros + Math.max(0, nowMicros - atMicros) * DRIFT,
    atMicros: nowMicros,
  };
}
