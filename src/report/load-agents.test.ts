import { describe, expect, it } from 'vitest';
import { createLatencyRecorder, mergeEncodedHistograms, type SliceRecord } from '../record/index.js';
import { agentFigures } from './load-agents.js';
import { loadAgents } from './sections/load-agents.js';
import { sampleRun } from './testing/sample-run.js';
import { viewOf } from './view.js';

type Agents = NonNullable<SliceRecord['agents']>;

function encoded(ms: number, samples: number): string {
  const recorder = createLatencyRecorder();
  for (let count = 0; count < samples; count += 1) recorder.record(ms * 1e6);
  return recorder.encode();
}

const NONE = { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 };

function agent(place: number, ms: number, lost: string | null = null): Agents[number] {
  const samples = lost === null ? 1500 : 0;
  return {
    agent: place,
    pod: `pod-${place}`,
    node: `node-${place}`,
    lost,
    requests: samples,
    errors: { ...NONE, reset: place },
    latency: lost === null ? encoded(ms, samples) : null,
    sendLag: lost === null ? encoded(0.1, samples) : null,
    cpuNs: 1e6,
    lateMicros: 20 + place,
    clockUncertaintyMicros: 400,
  };
}

function slicesOf(...agentsOfSlices: readonly Agents[]): SliceRecord[] {
  const [template] = sampleRun().slices.filter(({ track }) => track === 'long');
  if (template === undefined) throw new Error('the sample has no long slice');
  return agentsOfSlices.map((agents, seq): SliceRecord => {
    const lost = agents.find((one) => one.lost !== null)?.lost ?? null;
    return {
      ...template,
      seq,
      variant: 'plain',
      requests: agents.reduce((sum, { requests }) => sum + requests, 0),
      latency: mergeEncodedHistograms(agents.flatMap(({ latency }) => latency ?? [])),
      agents,
      validity: { status: 'valid', reasons: [] },
      status: lost === null ? { state: 'measured' } : { state: 'failed', reason: lost },
    };
  });
}

describe('agentFigures', () => {
  it('tells each agent’s own percentiles and those of all samples together', () => {
    const figures = agentFigures(slicesOf([agent(0, 1), agent(1, 9)], [agent(0, 1), agent(1, 9)]));
    expect(
      figures.map(({ agent: place, p50Ms, p99Ms }) => [place, p50Ms?.toFixed(1), p99Ms?.toFixed(1)]),
    ).toEqual([
      [0, '1.0', '1.0'],
      [1, '9.0', '9.0'],
      [null, '1.0', '9.0'],
    ]);
    expect(figures[2]).toMatchObject({ slices: 2, answered: 2, requests: 6000, nodes: ['node-0', 'node-1'] });
  });

  it('counts the slices that an agent was lost in, whose figures are in no percentile', () => {
    const figures = agentFigures(
      slicesOf([agent(0, 1), agent(1, 9)], [agent(0, 500), agent(1, 9, 'its pod was evicted')]),
    );
    expect(figures.map(({ slices, answered }) => [slices, answered])).toEqual([
      [2, 2],
      [2, 1],
      [2, 1],
    ]);
    expect(figures[0]?.p99Ms).toBeLessThan(1.01);
    expect(figures[0]?.requests).toBe(1500);
  });

  it('is empty where each variant had one generator', () => {
    expect(agentFigures(sampleRun().slices)).toEqual([]);
  });
});

describe('loadAgents', () => {
  const shown = (slices: SliceRecord[]) =>
    (loadAgents(viewOf({ ...sampleRun(), slices })).body?.markup ?? '').replace(/<[^>]+>/g, ' ');

  it('names the agent that was lost', () => {
    const text = shown(slicesOf([agent(0, 1), agent(1, 9, 'its pod was evicted')]));
    expect(text).toMatch(/Lost:\s+agent 2 of\s+plain\s+in 1 of its 1 slices/);
    expect(text).toMatch(/0 of 1/);
  });

  it('says that every agent answered where each did', () => {
    expect(shown(slicesOf([agent(0, 1), agent(1, 9)]))).toContain('Every agent answered');
  });

  it('is left out of a run without them', () => {
    expect(loadAgents(viewOf(sampleRun())).body).toBeNull();
  });
});
