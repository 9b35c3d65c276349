/** What flame collects: a list of stacks that V8's profiler saw, as 0x writes them. */
import { z } from 'zod';
import type { AnalysisAnswer } from './analysis-answer.js';
import { functionName, isStarting, largestFunctions, nativeName, processStacksOf } from './frames.js';

/** V8 looks once in so long, whether or not the program runs: the default of --prof-sampling-interval, in ns. */
const TICK_NS = 1_000_000;
const MOST_NAMED = 10;

const ticks = z.array(z.array(z.object({ name: z.string(), type: z.string() })));
type Tick = z.infer<typeof ticks>[number];

/** A thread that waits for events is seen as well, and uses no CPU. */
const WAITING = /^_*(epoll_(p?wait2?)|kevent|poll)(@|$)/;
/** `name file:line:column` */
const SCRIPT = /^(.*?) ?(\S+?)(:\d+)?(:\d+)?$/;

/** Throws where `samples` is not what 0x writes. `durationMs` is how long it was looked. */
export function flameAnalysis(samples: unknown, durationMs: number): AnalysisAnswer {
  const busy = ticks
    .parse(samples)
    .filter((tick) => !isIdle(tick))
    .map((tick) => (tick.length === 0 ? ['(no stack) [native]'] : tick.map(frameName)))
    .filter((frames) => !isStarting(frames));
  const stacks = processStacksOf(
    busy.map((frames) => ({ frames, value: TICK_NS, samples: 1 })),
    durationMs / 1000,
  );
  const named = largestFunctions(stacks, (stack) => stack.samples, MOST_NAMED);
  return { findings: { type: 'shares', unit: 'samples', ...named }, stacks };
}

function isIdle(tick: Tick): boolean {
  const last = tick.at(-1);
  return last !== undefined && last.type !== 'JS' && WAITING.test(last.name);
}

function frameName({ name, type }: Tick[number]): string {
  if (type !== 'JS') return nativeName(name);
  const [, own = '', file = ''] = SCRIPT.exec(name) ?? [];
  return functionName(own, file);
}
