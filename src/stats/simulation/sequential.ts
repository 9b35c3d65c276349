/** Prints the tables on stopping early in README.md: `npm run simulate:sequential` (minutes; fixed seed). */
import { FEWEST_UNITS } from '../jackknife.js';
import { createRandom } from '../random.js';
import { type FollowedPlan, follow, followSeveral, type Stopped } from './follow.js';
import { NORMAL, REPLICA_STREAMS, type ReplicaStream } from './streams.js';

const STREAMS = Number(process.argv[2] ?? 10_000);
const MARGIN = 0.03;
const MOST_REPLICAS = [12, 30];
const CONFIDENCES = [0.95, 0.99];

function looksUpTo(most: number): number[] {
  return Array.from({ length: most - FEWEST_UNITS + 1 }, (_, index) => FEWEST_UNITS + index);
}

/** Shares and means over as many streams of one true ratio. */
function over(stream: ReplicaStream, plan: FollowedPlan, ratio: number) {
  const random = createRandom(20_261_200 + (plan.looks.at(-1) ?? 0));
  const stops = Array.from({ length: STREAMS }, () => follow(plan, stream, ratio, random));
  const share = (of: (stop: Stopped) => boolean) =>
    `${((100 * stops.filter(of).length) / STREAMS).toFixed(2)} %`;
  return {
    worse: share(({ decision }) => decision === 'worse'),
    equivalent: share(({ decision }) => decision === 'equivalent'),
    covered: share(({ covered }) => covered),
    replicas: (stops.reduce((sum, stop) => sum + stop.replicas, 0) / STREAMS).toFixed(1),
  };
}

function row(stream: ReplicaStream, plan: FollowedPlan): string {
  const most = plan.looks.at(-1) ?? 0;
  const none = over(stream, plan, 1);
  const margin = over(stream, plan, 1 + MARGIN);
  // The margin is where it is hardest to be right; one look at the end shows what is owed to looking, and what to the stream.
  const once = over(stream, { ...plan, looks: [most] }, 1 + MARGIN);
  const more = over(stream, plan, 1.1);
  const cells = [
    stream.name,
    `${100 * plan.confidence} %`,
    String(most),
    `${none.worse}, ${none.equivalent}`,
    none.replicas,
    `${margin.worse}, ${margin.equivalent}`,
    margin.covered,
    `${once.worse}, ${once.equivalent}`,
    once.covered,
    more.worse,
    more.replicas,
  ];
  return `| ${cells.join(' | ')} |\n`;
}

const HEAD = [
  'stream',
  'confidence',
  'at most',
  'ratio 1: worse, equivalent',
  'replicas',
  'ratio 1.03: worse, equivalent',
  'interval holds',
  'with one look',
  'interval holds',
  'ratio 1.10: worse',
  'replicas',
];
process.stdout.write(`| ${HEAD.join(' | ')} |\n| ${HEAD.map(() => '---').join(' | ')} |\n`);
for (const stream of REPLICA_STREAMS) {
  for (const confidence of CONFIDENCES) {
    for (const most of MOST_REPLICAS) {
      process.stdout.write(row(stream, { looks: looksUpTo(most), confidence, margin: MARGIN }));
    }
  }
}

/** True ratios of several gated metrics. At the limit either word is called false, at 1 `worse` is, at 1.10 `within` is. */
const TOGETHER = [
  [1 + MARGIN, 1 + MARGIN, 1 + MARGIN],
  [1.1, 1 + MARGIN, 1 + MARGIN],
  [1.1, 1.1, 1 + MARGIN],
  [1, 1, 1 + MARGIN],
  [1, 1, 1],
];
process.stdout.write('\n| true ratios | confidence | at most | any false word | all decided |\n');
process.stdout.write('| --- | --- | --- | --- | --- |\n');
for (const ratios of TOGETHER) {
  for (const confidence of CONFIDENCES) {
    const plan: FollowedPlan = { looks: looksUpTo(30), confidence, margin: MARGIN };
    const random = createRandom(20_261_300);
    let falseWords = 0;
    let decided = 0;
    for (let i = 0; i < STREAMS; i++) {
      const decisions = followSeveral(plan, NORMAL, ratios, random);
      const wrong = decisions.some(
        (decision, index) =>
          (decision === 'worse' && (ratios[index] ?? 0) <= 1 + MARGIN) ||
          (decision === 'within' && (ratios[index] ?? 0) >= 1 + MARGIN),
      );
      if (wrong) falseWords += 1;
      if (!decisions.includes('undecided')) decided += 1;
    }
    const cells = [ratios.map((ratio) => ratio.toFixed(2)).join(', '), `${100 * confidence} %`, '30'];
    const shares = [falseWords, decided].map((times) => `${((100 * times) / STREAMS).toFixed(2)} %`);
    process.stdout.write(`| ${[...cells, ...shares].join(' | ')} |\n`);
  }
}
