/** Many slice engines as one: each variant's client side has an engine of its own, and slices pass from one to the next. */
import type { EngineSlice } from './engine-events.js';
import type { EngineSliceOrder, LoadgenEngine } from './loadgen.js';
import { lossOf, lostSlice } from './lost-engine.js';
import { mergedReading } from './pod-engine.js';

/**
 * One engine in front of many. `open` starts the engine of a target, which is where its client is; `ready` is what they
 * all are. A target's engine lives as long as the target is one of those that were set last.
 */
export function spreadEngine(
  ready: LoadgenEngine['ready'],
  open: (target: string) => Promise<LoadgenEngine>,
): LoadgenEngine {
  let engines = new Map<string, LoadgenEngine>();
  let stopped = false;
  let running: LoadgenEngine | null = null;

  const engineOf = (target: string): LoadgenEngine => {
    const engine = engines.get(target);
    if (engine === undefined) throw new RangeError(`${target} is no target`);
    return engine;
  };
  const leaveAll = async () => {
    const earlier = [...engines.values()];
    engines = new Map();
    await Promise.all(earlier.map((engine) => engine.close()));
  };

  return {
    ready,
    setTargets: async (targets) => {
      await leaveAll();
      const opened = await Promise.all(
        targets.map(async (target): Promise<Readonly<Record<string, string>>> => {
          try {
            const engine = await open(target.id);
            engines.set(target.id, engine);
            return await engine.setTargets([target]);
          } catch (fault) {
            return { [target.id]: lossOf(fault) };
          }
        }),
      );
      return Object.assign({}, ...opened);
    },
    runSlices: async (orders, onSlice) => {
      stopped = false;
      for (const order of orders) {
        if (stopped) return;
        running = engineOf(order.target);
        try {
          await runOne(running, order, onSlice);
        } finally {
          running = null;
        }
      }
    },
    read: async () => {
      const read = await Promise.all(
        [...engines.values()].map(async (engine) => {
          try {
            return [await engine.read()];
          } catch (fault) {
            lossOf(fault);
            return [];
          }
        }),
      );
      return mergedReading(read.flat());
    },
    stop: () => {
      stopped = true;
      running?.stop();
    },
    close: leaveAll,
  };
}

async function runOne(
  engine: LoadgenEngine,
  order: EngineSliceOrder,
  onSlice: (slice: EngineSlice) => void,
): Promise<void> {
  try {
    await engine.runSlices([order], onSlice);
  } catch (fault) {
    onSlice(lostSlice(order, lossOf(fault)));
  }
}
