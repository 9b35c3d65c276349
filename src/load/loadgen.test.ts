import { describe, expect, it } from 'vitest';
import type { ProcessHost, StartedProcess, StartOptions } from '../host/index.js';
import { startLoadgen } from './loadgen.js';

/** A host whose one process is played by the test: it gets the commands and says the lines. */
function playedHost(play: (command: { id: number; op: string }, say: (event: unknown) => void) => void) {
  let end: () => void = () => undefined;
  const start = (options: StartOptions): StartedProcess => {
    const say = (event: unknown) => setImmediate(() => options.onLine?.(JSON.stringify(event)));
    say({ event: 'ready', pid: 1, goVersion: 'go', cpuClock: 'process' });
    let exit: { code: number; signal: null } | null = null;
    const exited = new Promise<{ code: number; signal: null }>((resolve) => {
      end = () => {
        exit = { code: 3, signal: null };
        resolve(exit);
      };
    });
    return {
      pid: 1,
      exited,
      exit: () => exit,
      logTail: () => ['last words'],
      writeLine: (line) => play(JSON.parse(line), say),
      closeInput: () => undefined,
      signal: () => undefined,
    };
  };
  const host: ProcessHost = {
    start,
    end: async () => undefined,
    watchCgroup: () => undefined,
    close: async () => undefined,
  };
  return { host, end: () => end() };
}

const slice = (id: number, seq: number) => ({
  event: 'slice',
  id,
  seq,
  target: 'plain',
  startedAtMicros: 1,
  endedAtMicros: 2,
  warmupRequests: 0,
  requests: 1,
  errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
  bytesReceived: 1,
  offeredRatePerSecond: null,
  latency: null,
  sendLatency: null,
  sendLag: null,
  beyondResidence: null,
  cpu: [{ role: 'outbound', pid: 7, warmupStartNs: null, startNs: 1, endNs: 2 }],
  generator: { cpuNs: null, gcCycles: 0, connectionWaits: 0 },
  failed: null,
});

const order = { seq: 4, target: 'plain', model: 'closed', requests: 1, warmupRequests: 0 } as const;

describe('startLoadgen', () => {
  it('hands slices over as they end, without clocks that could not be read', async () => {
    const { host } = playedHost(({ id }, say) => {
      say(slice(id, 4));
      say({ event: 'done', id });
    });
    const engine = await startLoadgen(host, [0]);
    const seen: unknown[] = [];
    await engine.runSlices([order], (one) => seen.push(one));
    expect(seen).toMatchObject([{ seq: 4, cpu: [], generator: { cpuNs: 0 } }]);
  });

  it('gives a fault of the listener to whoever asked for the slices', async () => {
    const { host } = playedHost(({ id }, say) => {
      say(slice(id, 4));
      say({ event: 'done', id });
    });
    const engine = await startLoadgen(host, [0]);
    const full = () => {
      throw new Error('the disk is full');
    };
    await expect(engine.runSlices([order], full)).rejects.toThrow('the disk is full');
  });

  it('rejects what is being asked when the engine dies, with its last words', async () => {
    const { host, end } = playedHost(() => setImmediate(end));
    const engine = await startLoadgen(host, [0]);
    await expect(engine.read()).rejects.toThrow(/exit code 3; its last lines: last words/);
  });

  it('rejects an answer that is no event', async () => {
    const { host } = playedHost((_command, say) => say({ event: 'nonsense' }));
    const engine = await startLoadgen(host, [0]);
    await expect(engine.read()).rejects.toThrow(/no event/);
  });
});
