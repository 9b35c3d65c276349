import { describe, expect, it } from 'vitest';
import { EnvironmentFault } from '../host/index.js';
import type { EngineSlice } from './engine-events.js';
import type { LoadgenEngine } from './loadgen.js';
import { spreadEngine } from './spread-engine.js';
import { READY, engineTarget as target } from './testing/engine-target.js';

/** An engine that notes what it is asked. */
function noting(id: string, said: string[]): LoadgenEngine {
  return {
    ready: READY,
    setTargets: async (targets) => {
      said.push(`${id} targets ${targets.map((one) => one.id).join()}`);
      return id === 'gone' ? { gone: 'connection refused' } : {};
    },
    runSlices: async (orders, onSlice) => {
      for (const { seq } of orders) {
        said.push(`${id} slice ${seq}`);
        onSlice({ event: 'slice', seq, target: id } as unknown as EngineSlice);
      }
    },
    read: async () => ({ event: 'reading', atMicros: 5, processes: [], cores: [] }),
    stop: () => said.push(`${id} stop`),
    close: async () => {
      said.push(`${id} close`);
    },
  };
}

const order = (seq: number, id: string) => ({
  seq,
  target: id,
  model: 'closed' as const,
  requests: 1,
  warmupRequests: 0,
});

describe('spreadEngine', () => {
  it('hands each slice to the engine of its target, one after another, and lets engines of earlier targets go', async () => {
    const said: string[] = [];
    const engine = spreadEngine(READY, async (id) => noting(id, said));
    expect(await engine.setTargets([target('a'), target('gone')])).toEqual({ gone: 'connection refused' });
    const seen: number[] = [];
    await engine.runSlices([order(1, 'a'), order(2, 'gone'), order(3, 'a')], ({ seq }) => seen.push(seq));
    expect(seen).toEqual([1, 2, 3]);
    await engine.setTargets([target('b')]);
    await engine.close();
    expect(said).toEqual([
      'a targets a',
      'gone targets gone',
      'a slice 1',
      'gone slice 2',
      'a slice 3',
      'a close',
      'gone close',
      'b targets b',
      'b close',
    ]);
  });

  it('stops the slice that is being run, and drops those that follow', async () => {
    const said: string[] = [];
    const engine = spreadEngine(READY, async (id) => noting(id, said));
    await engine.setTargets([target('a'), target('b')]);
    await engine.runSlices([order(1, 'a'), order(2, 'b')], () => engine.stop());
    expect(said.slice(2)).toEqual(['a slice 1', 'a stop']);
  });

  it('marks the slice of an engine that is lost, and goes on with the others', async () => {
    const lost = new EnvironmentFault('DRIVER_EXITED', 'loadgen ended: its pod was evicted');
    const engine = spreadEngine(READY, async (id) => {
      if (id === 'never') throw lost;
      const one = noting(id, []);
      const fails = () => Promise.reject(lost);
      return id === 'a' ? { ...one, runSlices: fails, read: fails } : one;
    });
    expect(await engine.setTargets([target('a'), target('b'), target('never')])).toEqual({
      never: lost.message,
    });
    const seen: EngineSlice[] = [];
    await engine.runSlices([order(1, 'a'), order(2, 'b')], (slice) => seen.push(slice));
    expect(seen.map(({ seq, failed }) => [seq, failed])).toEqual([
      [1, lost.message],
      [2, undefined],
    ]);
    expect(await engine.read()).toMatchObject({ processes: [] });
  });
});
