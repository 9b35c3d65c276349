/** Prints the tables of README.md, one behind the other: `npm run simulate:history` (five minutes; fixed seed). */
import { readFileSync } from 'node:fs';
import { changePoints } from '../change-points.js';
import { STREAMS } from './streams.js';
import { everTold, score, tally } from './tally.js';

const TRIALS = Number(process.argv[2] ?? 2000);
const LENGTHS = [12, 20, 40];

interface AskedOtava {
  readonly tool: string;
  readonly series: readonly {
    readonly name: string;
    readonly changes: readonly number[];
    readonly values: readonly number[];
    readonly otava: readonly number[];
    readonly otavaAtOnePercent: readonly number[];
    readonly divisive: readonly number[];
  }[];
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const print = (line: string) => process.stdout.write(`${line}\n`);

print('| series | runs | every change found | something else told |');
print('| --- | --- | --- | --- |');
for (const stream of STREAMS) {
  for (const length of LENGTHS) {
    const { allFound, falseAlarms } = tally(stream, length, TRIALS, 20_261_000 + length);
    const found = stream.changes.length === 0 ? '–' : percent(allFound);
    print(`| ${stream.name} | ${length} | ${found} | ${percent(falseAlarms)} |`);
  }
}

const [unchanged] = STREAMS;
if (unchanged !== undefined) {
  const share = everTold(unchanged, 10, 60, Math.ceil(TRIALS / 4), 20_261_060);
  print(`\n${unchanged.name}, looked at after every run from 10 to 60: ${percent(share)} told something`);
}

const recorded = new URL('../../../src/history/testing/otava.json', import.meta.url);
const { tool, series } = JSON.parse(readFileSync(recorded, 'utf8')) as AskedOtava;
print(
  `\n| series | meshmark: found, else | ${tool}: found, else | the same at p < 0.01: found, else | its E-divisive: found, else |`,
);
print('| --- | --- | --- | --- | --- |');
for (const { name } of STREAMS) {
  const own = series.filter((one) => one.name === name);
  const cell = (told: (one: (typeof own)[number]) => readonly number[]) => {
    const scored = own.map((one) => score(one.changes, told(one)));
    const found = scored.filter(({ allFound }) => allFound).length;
    const hasChange = (own[0]?.changes.length ?? 0) > 0;
    return `${hasChange ? found : '–'}, ${scored.filter(({ falseAlarm }) => falseAlarm).length} of ${own.length}`;
  };
  const ours = cell(({ values }) => changePoints(values).map(({ index }) => index));
  const theirs = [
    cell(({ otava }) => otava),
    cell(({ otavaAtOnePercent }) => otavaAtOnePercent),
    cell(({ divisive }) => divisive),
  ];
  print(`| ${name} | ${ours} | ${theirs.join(' | ')} |`);
}
