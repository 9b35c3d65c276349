/** The `run.json` of a built run: a machine that there is none of, and what was planned. */
import { type GateRule, type Pair, RUN_SCHEMA, type RunRecord, type RunVariant } from '../../record/index.js';

export interface BuiltPlan {
  readonly seed: number;
  readonly baseline: string | null;
  readonly pairs: readonly Pair[];
  readonly gate?: readonly GateRule[];
  readonly confidence: number;
  readonly margin: number;
  readonly model: 'open' | 'closed';
  readonly ratePerSecond: number;
  readonly microBlocksPerRound: number;
  readonly longBlocksPerRound: number;
  readonly rounds: number;
  readonly replicas: number;
}

/** Not analysed yet. */
export function builtRunRecord(settings: BuiltPlan, variants: readonly RunVariant[]): RunRecord {
  return {
    schema: RUN_SCHEMA,
    runId: 'built-for-a-test',
    meshmarkVersion: '0.1.0',
    command: ['meshmark', 'run', 'scenarios/built.yaml'],
    seed: settings.seed,
    createdAt: '2026-01-02T03:04:05.000Z',
    finishedAt: '2026-01-02T03:06:05.000Z',
    state: 'finished',
    stateReason: null,
    scenario: {
      name: 'built',
      path: 'scenarios/built.yaml',
      text: 'schema: meshmark.scenario/1\nname: built\n',
    },
    planned: {
      baseline: settings.baseline,
      pairs: [...settings.pairs],
      confidence: settings.confidence,
      margin: settings.margin,
      gate: [...(settings.gate ?? [])],
      model: settings.model,
      offeredRatePerSecond: settings.model === 'open' ? settings.ratePerSecond : null,
      hasMicro: settings.microBlocksPerRound > 0,
      hasLong: settings.longBlocksPerRound > 0,
      rounds: settings.rounds,
      replicas: settings.replicas,
    },
    variants: [...variants],
    machine: {
      hostname: 'test-machine',
      platform: 'linux',
      arch: 'x64',
      kernel: '6.18.0',
      cpuModel: 'Test CPU',
      cores: 2,
      memoryBytes: 8_000_000_000,
      governor: null,
      virtualised: null,
      loadAverage: [0.1, 0.1, 0.1],
      clockTicksPerSecond: 100,
      interruptAccounting: 'off: interrupt time is billed to the process that was interrupted',
      nodeVersion: '20.20.0',
      goVersion: 'go1.26.8',
      binaries: { dataplane: '0'.repeat(64) },
      fingerprint: 'f00d',
    },
    isolation: { generatorCores: [0], dataPlaneCores: [1], cgroups: null, keptAwake: [], notIsolated: [] },
    parity: [],
    floor: null,
    analysis: null,
  };
}
