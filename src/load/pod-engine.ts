/** An engine in a pod, with what it tells under names that mean the same wherever they are told: process ids and cores. */
import type { EngineReading, EngineSlice } from './engine-events.js';
import type { EngineTarget, LoadgenEngine } from './loadgen.js';

/** Machines other than the first have their cores numbered from a multiple of this. */
const CORES_OF_A_MACHINE = 4096;

/**
 * The engine in front of one target. Processes come under ids that no other pod has, its own generator among them as one of
 * the target's, and cores under numbers that no other machine has.
 */
export function podEngine<Engine extends LoadgenEngine>(engine: Engine): Engine {
  let target: EngineTarget | null = null;
  return {
    ...engine,
    setTargets: (targets: readonly EngineTarget[]) => {
      target = targets[0] ?? null;
      return engine.setTargets(targets);
    },
    runSlices: (orders: Parameters<Engine['runSlices']>[0], onSlice: (slice: EngineSlice) => void) =>
      engine.runSlices(orders, (slice) => onSlice({ ...slice, cpu: withOwnPids(slice.cpu, target) })),
    read: async () => ownReading(await engine.read(), target),
  };
}

/** Those that the engine sees itself are of the first agent's pod. */
function withOwnPids<Told extends { readonly pid: number; readonly agent?: string | undefined }>(
  told: readonly Told[],
  target: EngineTarget | null,
): Omit<Told, 'agent'>[] {
  const agents = target?.agents ?? [];
  return told.map(({ agent, ...one }) => {
    const [own] = agents;
    const base = (agent === undefined ? own : agents.find(({ address }) => address === agent))?.pidBase ?? 0;
    return { ...one, pid: one.pid + base };
  });
}

function ownReading(reading: EngineReading, target: EngineTarget | null): EngineReading {
  const { agents: answers = [], ...rest } = reading;
  const agents = target?.agents ?? [];
  const numbered = (cores: EngineReading['cores'], machine: number) =>
    cores.map((core) => ({ ...core, cpu: core.cpu + machine * CORES_OF_A_MACHINE }));
  return {
    ...rest,
    processes: withOwnPids(reading.processes, target).map((one) => ({ ...one, target: target?.id ?? '' })),
    cores: [
      ...numbered(reading.cores, agents[0]?.machine ?? 0),
      ...answers.flatMap(({ address, cores = [] }) =>
        numbered(cores, agents.find((agent) => agent.address === address)?.machine ?? 0),
      ),
    ],
  };
}

/** What several engines read as one reading, each core once. Where there is no engine there is nothing in it. */
export function mergedReading(readings: readonly EngineReading[]): EngineReading {
  const [first] = readings;
  if (first === undefined) return { event: 'reading', atMicros: Date.now() * 1000, processes: [], cores: [] };
  const cores = new Map<number, EngineReading['cores'][number]>();
  for (const core of readings.flatMap((reading) => reading.cores)) {
    if (!cores.has(core.cpu)) cores.set(core.cpu, core);
  }
  const { event, atMicros, wallMicros } = first;
  return {
    event,
    atMicros,
    ...(wallMicros === undefined ? {} : { wallMicros }),
    processes: readings.flatMap(({ processes }) => processes),
    cores: [...cores.values()],
  };
}
