/** What the heap profiler collects: V8's sampling heap profile, as the developer tools of Chromium have it. */
import { z } from 'zod';
import type { AnalysisAnswer } from './analysis-answer.js';
import { functionName, isStarting, largestFunctions, type NamedStack, processStacksOf } from './frames.js';

const MOST_NAMED = 10;

interface HeapNode {
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly selfSize: number;
  readonly id?: number | undefined;
  readonly children: readonly HeapNode[];
}

const node: z.ZodType<HeapNode> = z.object({
  callFrame: z.object({ functionName: z.string(), url: z.string() }),
  selfSize: z.number().nonnegative(),
  id: z.number().optional(),
  get children() {
    return z.array(node);
  },
});
const profile = z.object({ head: node, samples: z.array(z.object({ nodeId: z.number() })).optional() });

/** Throws where `data` is no heap profile. `durationMs` is how long it was looked. */
export function heapAnalysis(data: unknown, durationMs: number): AnalysisAnswer {
  const { head, samples = [] } = profile.parse(data);
  const observed = new Map<number, number>();
  for (const { nodeId } of samples) observed.set(nodeId, (observed.get(nodeId) ?? 0) + 1);
  const stacks = processStacksOf(stacksBelow(head, [], observed), durationMs / 1000);
  const named = largestFunctions(stacks, (stack) => stack.value, MOST_NAMED);
  return { findings: { type: 'shares', unit: 'bytes', ...named }, stacks };
}

function* stacksBelow(
  parent: HeapNode,
  path: readonly string[],
  observed: ReadonlyMap<number, number>,
): Generator<NamedStack> {
  for (const child of parent.children) {
    const frames = [...path, functionName(child.callFrame.functionName, child.callFrame.url)];
    if (isStarting(frames)) continue;
    if (child.selfSize > 0)
      yield { frames, value: child.selfSize, samples: observed.get(child.id ?? -1) ?? 1 };
    yield* stacksBelow(child, frames, observed);
  }
}
