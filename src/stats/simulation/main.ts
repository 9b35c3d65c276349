/** Prints the table of coverage and width in README.md: `npm run simulate` (minutes; fixed seed). */
import { createRandom } from '../random.js';
import { allIntervals, INTERVAL_METHODS } from './intervals.js';
import { POPULATIONS } from './populations.js';

const TRIALS = Number(process.argv[2] ?? 5000);
const CONFIDENCES = [0.95, 0.99];
const UNITS = [4, 8, 10, 12, 30];
const TRUE_LOG_RATIO = Math.log(1.05);

process.stdout.write('| population | units | method | 95 %: coverage | width | 99 %: coverage | width |\n');
process.stdout.write('| --- | --- | --- | --- | --- | --- | --- |\n');
for (const population of POPULATIONS) {
  for (const count of UNITS) {
    const random = createRandom(20_260_000 + count);
    const tally = INTERVAL_METHODS.map((method) => ({
      method,
      held: CONFIDENCES.map(() => 0),
      widths: CONFIDENCES.map((): number[] => []),
    }));
    for (let trial = 0; trial < TRIALS; trial++) {
      const units = Array.from({ length: count }, () => population.draw(random, 1.05));
      const intervals = allIntervals(units, CONFIDENCES, random);
      for (const row of tally) {
        intervals[row.method].forEach(({ low, high }, level) => {
          if (low <= TRUE_LOG_RATIO && TRUE_LOG_RATIO <= high) row.held[level] = (row.held[level] ?? 0) + 1;
          row.widths[level]?.push(high - low);
        });
      }
    }
    for (const row of tally) {
      const cells = CONFIDENCES.map((_, level) => {
        const widths = row.widths[level]?.sort((a, b) => a - b) ?? [];
        // The median, because a bootstrap-t over four units has widths without an expectation.
        const width = widths[Math.floor(widths.length / 2)] ?? Number.NaN;
        return `${((100 * (row.held[level] ?? 0)) / TRIALS).toFixed(1)} % | ${width > 100 ? '> 100' : width.toFixed(3)}`;
      });
      process.stdout.write(`| ${population.name} | ${count} | ${row.method} | ${cells.join(' | ')} |\n`);
    }
  }
}
