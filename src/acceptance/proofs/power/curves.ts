/** Both ways side by side: what share of decisions found what was planted, by the time that they were given. */
import { CONFIRMATION_CONFIDENCE } from '../../../record/index.js';
import { suspicionLevel } from '../../../stats/index.js';
import type { PowerOutcome } from './outcomes.js';
import {
  grouped,
  inOrder,
  kindOf,
  machinesText,
  markdownTable,
  mean,
  type Placed,
  plantedText,
  shareText,
} from './telling.js';
import { USUAL_GENERATORS } from './usual-generators.js';
import { USUAL_METRIC_NAMES, USUAL_METRICS } from './usual-metrics.js';
import type { UsualOutcome } from './usual-outcomes.js';

/** One way to decide, and each of its decisions: how long it was given, how long it took, whether it called B worse. */
interface Curve {
  readonly way: string;
  readonly decisions: readonly {
    readonly seconds: number;
    readonly wallSeconds: number;
    readonly found: boolean;
  }[];
}

/**
 * Markdown: for each kind of machine and size a table with a row for each way to decide and a column for each time that either was
 * given. Where nothing was planted, what is found is a false alarm.
 */
export function curvesText(ours: readonly PowerOutcome[], usual: readonly UsualOutcome[]): string {
  const placed: Placed[] = [...ours, ...usual];
  return grouped(placed.sort(inOrder), keyOf)
    .flatMap((placedHere) => {
      const [place] = placedHere;
      if (place === undefined) return [];
      const key = JSON.stringify(keyOf(place));
      const here = <One extends Placed>(all: readonly One[]) =>
        all.filter((one) => JSON.stringify(keyOf(one)) === key);
      const curves = [...ourCurves(here(ours)), ...usualCurves(here(usual))];
      if (curves.every(({ decisions }) => decisions.length === 0)) return [];
      const title = `${plantedText(place.planted)} (${machinesText(placedHere)})`;
      return [`${title}\n\n${tableOf(curves)}`];
    })
    .join('\n\n');
}

function keyOf({ machine, planted }: Placed): readonly (string | number)[] {
  return [kindOf(machine), planted.what, planted.size];
}

function ourCurves(all: readonly PowerOutcome[]): Curve[] {
  // Earlier ones asked more of a run or of its confirmation, and found less.
  const outcomes = all.filter(
    ({ suspectAt, confirmConfidence }) =>
      Math.abs(suspectAt - suspicionLevel(0.99, 1)) < 1e-9 && confirmConfidence === CONFIRMATION_CONFIDENCE,
  );
  return [
    {
      way: 'meshmark, suspected by the run alone',
      decisions: outcomes.map((one) => ({ ...one, found: one.suspected })),
    },
    { way: 'meshmark, the gate', decisions: outcomes.map((one) => ({ ...one, found: one.confirmed })) },
  ];
}

function usualCurves(outcomes: readonly UsualOutcome[]): Curve[] {
  return USUAL_GENERATORS.flatMap((generator) => {
    const all = outcomes.filter((one) => one.generator.name === generator);
    const single = USUAL_METRIC_NAMES.map((metric) => ({
      way: `${generator} and benchstat, ${USUAL_METRICS[metric].words}`,
      decisions: all.flatMap((one) => {
        const outcome = one.metrics[metric];
        return outcome === undefined ? [] : [{ ...one, found: outcome.verdict === 'worse' }];
      }),
    }));
    const any = {
      way: `${generator} and benchstat, any of these`,
      decisions: all.map((one) => ({
        ...one,
        found: Object.values(one.metrics).some(({ verdict }) => verdict === 'worse'),
      })),
    };
    return [...single, any];
  });
}

function tableOf(curves: readonly Curve[]): string {
  const drawn = curves.filter(({ decisions }) => decisions.length > 0);
  const times = [...new Set(drawn.flatMap(({ decisions }) => decisions.map(({ seconds }) => seconds)))].sort(
    (a, b) => a - b,
  );
  const rows = drawn.map(({ way, decisions }) => [
    way,
    ...times.map((time) => {
      const at = decisions.filter(({ seconds }) => seconds === time);
      if (at.length === 0) return '–';
      const took = mean(at.map(({ wallSeconds }) => wallSeconds));
      return `${shareText(at.filter(({ found }) => found).length, at.length)}; took ${took.toFixed(0)} s`;
    }),
  ]);
  return markdownTable(['found by', ...times.map((time) => `given ${time} s`)], rows);
}
