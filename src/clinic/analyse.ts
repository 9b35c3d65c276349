/**
 * A process of its own that reads what a tool of clinic collected and prints its findings as one line of JSON:
 *
 *     node dist/clinic/analyse.js flame /path/to/clinic /path/to/1.clinic-flame 6000
 *
 * Doctor and bubbleprof read their data by themselves, so that modules of that very installation are loaded.
 */
import { createReadStream, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import type { AnalysisAnswer } from './analysis-answer.js';
import { bubbleAnalysis } from './bubbles.js';
import { diagnosisOf } from './diagnosis.js';
import { flameAnalysis } from './flame.js';
import { heapAnalysis } from './heap.js';

type Decoder = new (...given: readonly Readable[]) => Transform;
type DoctorAnalysis = new (system: Readable, events: Readable, samples: Readable) => Readable;
type BubbleAnalysis = (system: Readable, stacks: Readable, events: Readable, options: object) => Readable;

/** The file of a folder whose name ends so. Throws where there is none. */
function fileOf(folder: string, end: string): string {
  const name = readdirSync(folder).find((one) => one.endsWith(`-${end}`));
  if (name === undefined) throw new Error(`${end} is missing in what was collected`);
  return join(folder, name);
}

function readJson(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  if (text === '') throw new Error(`${path} is empty`);
  return JSON.parse(text);
}

/** A file through one of the tool's decoders; an error of either ends the whole. */
function decoded(path: string, decoder: Transform): Transform {
  const fail = (error: Error) => decoder.destroy(error);
  return createReadStream(path).on('error', fail).pipe(decoder);
}

async function all(stream: Readable): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

async function analysisOf(
  tool: string,
  program: string,
  data: string,
  durationMs: number,
): Promise<AnalysisAnswer> {
  const load = createRequire(realpathSync(program));
  const decoderOf = (name: string) => load(`@clinic/${tool}/format/${name}-decoder.js`) as Decoder;
  switch (tool) {
    case 'flame':
      return flameAnalysis(readJson(fileOf(data, 'samples')), durationMs);
    case 'heapprofiler':
      return heapAnalysis(readJson(data), durationMs);
    case 'doctor': {
      const Analysis = load('@clinic/doctor/analysis/index.js') as DoctorAnalysis;
      const system = () => decoded(fileOf(data, 'systeminfo'), new (decoderOf('system-info'))());
      // Events are told by the clock of the traced process, which is in the other file.
      const events = new (decoderOf('trace-event'))(system());
      const samples = decoded(fileOf(data, 'processstat'), new (decoderOf('process-stat'))());
      const [analysis] = await all(
        new Analysis(system(), decoded(fileOf(data, 'traceevent'), events), samples),
      );
      return diagnosisOf(analysis);
    }
    case 'bubbleprof': {
      const analyse = load('@clinic/bubbleprof/analysis/index.js') as BubbleAnalysis;
      const clusters = await all(
        analyse(
          decoded(fileOf(data, 'systeminfo'), new (decoderOf('system-info'))()),
          decoded(fileOf(data, 'stacktrace'), new (decoderOf('stack-trace'))()),
          decoded(fileOf(data, 'traceevent'), new (decoderOf('trace-event'))()),
          {},
        ),
      );
      return bubbleAnalysis(clusters.map((one) => JSON.parse(JSON.stringify(one)) as unknown));
    }
    default:
      throw new Error(`clinic has no tool ${tool}`);
  }
}

const [tool = '', program = '', data = '', durationMs = '0'] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await analysisOf(tool, program, data, Number(durationMs)))}\n`);
