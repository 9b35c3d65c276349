/** Many slice engines as one: each variant's client side has an engine of its own, and slices pass from one to the next. */
import { EnvironmentFault } from '../host/index.js';
import type { EngineReading, EngineSlice } from './engine-events.js';
import type { EngineSliceOrder, EngineTarget, LoadgenEngine } from './loadgen.js';

/** Machines other than the engines' own have their cores numbered from a multiple of this. */
const CORES_OF_A_MACHINE = 4096;

interface Seat {
  readonly target: EngineTarget;
  readonly engine: LoadgenEngine;
}

/**
 * One engine in front of many. `open` starts the engine of a target, which is where its client is; `ready` is what they
 * all are. A target's engine lives as long as the target is one of those that were set last.
 */
export function spreadEngine(
  ready: LoadgenEngine['ready'],
  open: (target: string) => Promise<LoadgenEngine>,
): LoadgenEngine {
  let seats = new Map<string, Seat>();
  let stopped = false;
  let running: LoadgenEngine | null = null;

  const seatOf = (target: string): Seat => {
    const seat = seats.get(target);
    if (seat === undefined) throw new RangeError(`${target} is no target`);
    return seat;
  };
  const leaveAll = async () => {
    const engines = [...seats.values()].map(({ engine }) => engine);
    seats = new Map();
    await Promise.all(engines.map((engine) => engine.close()));
  };

  return {
    ready,
    setTargets: async (targets) => {
      await leaveAll();
      const opened = await Promise.all(
        targets.map(async (target): Promise<Readonly<Record<string, string>>> => {
          try {
            const engine = await open(target.id);
            seats.set(target.id, { target, engine });
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
        const seat = seatOf(order.target);
        running = seat.engine;
        try {
          await runOne(seat, order, onSlice);
        } finally {
          running = null;
        }
      }
    },
    read: async () => {
      const read = await Promise.all(
        [...seats.values()].map(async ({ target, engine }) => {
          try {
            return [{ target, reading: await engine.read() }];
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
  { target, engine }: Seat,
  order: EngineSliceOrder,
  onSlice: (slice: EngineSlice) => void,
): Promise<void> {
  try {
    await engine.runSlices([order], (slice) => onSlice({ ...slice, cpu: withOwnPids(slice.cpu, target) }));
  } catch (fault) {
    onSlice(lostSlice(order, lossOf(fault)));
  }
}

/** Why an engine is lost to its own target, which is no loss to the others. Throws what is no such loss. */
function lossOf(fault: unknown): string {
  if (fault instanceof EnvironmentFault && fault.code === 'DRIVER_EXITED') return fault.message;
  throw fault;
}

/** A slice of which nothing was told. */
function lostSlice(order: EngineSliceOrder, failed: string): EngineSlice {
  const nowMicros = Date.now() * 1000;
  return {
    event: 'slice',
    seq: order.seq,
    target: order.target,
    startedAtMicros: nowMicros,
    endedAtMicros: nowMicros,
    warmupRequests: 0,
    requests: 0,
    errors: { connect: 0, reset: 0, timeout: 0, status: 0, protocol: 0 },
    bytesReceived: 0,
    offeredRatePerSecond: order.model === 'open' ? order.ratePerSecond : null,
    latency: null,
    sendLatency: null,
    sendLag: null,
    beyondResidence: null,
    cpu: [],
    generator: { cpuNs: 0, gcCycles: 0, connectionWaits: 0 },
    failed,
  };
}

/** Processes of a pod under ids that no other pod has; those that the engine sees itself are of the first agent's pod. */
function withOwnPids<Told extends { readonly pid: number; readonly agent?: string | undefined }>(
  told: readonly Told[],
  { agents = [] }: EngineTarget,
): Omit<Told, 'agent'>[] {
  return told.map(({ agent, ...one }) => {
    const [own] = agents;
    const base = (agent === undefined ? own : agents.find(({ address }) => address === agent))?.pidBase ?? 0;
    return { ...one, pid: one.pid + base };
  });
}

/**
 * What all engines read as one reading: each target's processes, its own generator among them, and each machine's cores
 * once. Where no engine is left there is nothing in it.
 */
export function mergedReading(
  read: readonly { readonly target: EngineTarget; readonly reading: EngineReading }[],
): EngineReading {
  const [first] = read;
  if (first === undefined) {
    return { event: 'reading', atMicros: Date.now() * 1000, processes: [], cores: [] };
  }
  const { event, atMicros, wallMicros, cores } = first.reading;
  const machines = new Map([[0, cores]]);
  for (const { target, reading } of read) {
    for (const { address, cores: told = [] } of reading.agents ?? []) {
      const machine = target.agents?.find((agent) => agent.address === address)?.machine ?? 0;
      if (!machines.has(machine)) machines.set(machine, told);
    }
  }
  const processes = read.flatMap(({ target, reading }) =>
    withOwnPids(reading.processes, target).map((one) => ({ ...one, target: target.id })),
  );
  return {
    event,
    atMicros,
    ...(wallMicros === undefined ? {} : { wallMicros }),
    processes,
    cores: [...machines].flatMap(([machine, own]) =>
      own.map((core) => ({ ...core, cpu: core.cpu + machine * CORES_OF_A_MACHINE })),
    ),
  };
}
