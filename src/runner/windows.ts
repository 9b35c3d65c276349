/**
 * Windows: the readings around a stretch of measuring. External clocks are read on the inner side of each edge and
 * the runtime metrics, which cost the measured processes something, on the outer side:
 *
 *   clocks · runtime metrics · clocks ┃ measured ┃ clocks · runtime metrics · clocks
 *
 * so that the cost of asking is known and lies outside.
 */
import type { EngineReading } from '../load/index.js';
import type { AdminSnapshot } from '../probes/index.js';
import type { ProcessSnapshot, Snapshot, WindowRecord } from '../record/index.js';
import type { Session } from './session.js';

/** Both readings of an edge and what the processes said between them, by pid. */
export interface Edge {
  /** The reading on the window's side. */
  readonly inner: EngineReading;
  readonly admin: ReadonlyMap<number, AdminSnapshot>;
  /** CPU that answering cost, by pid, in nanoseconds. */
  readonly probeCpuNs: ReadonlyMap<number, number>;
}

/** Reads the edge of a window around `variants`. `side` says on which side of the edge the window lies. */
export async function readEdge(
  session: Session,
  variants: readonly string[],
  side: 'before' | 'after',
): Promise<Edge> {
  const { readAdmin } = session.ports;
  const first = await readKeepingIdle(session);
  const asked = variants.flatMap((variant) => session.standing.get(variant)?.processes ?? []);
  const admin = new Map<number, AdminSnapshot>();
  for (const process of asked) {
    const said = process.admin === null ? null : await readAdmin(process.admin);
    if (said !== null) admin.set(process.pid, said);
  }
  const second = await readKeepingIdle(session);
  const before = cpuByPid(first);
  const probeCpuNs = new Map<number, number>();
  for (const [pid, cpuNs] of cpuByPid(second)) probeCpuNs.set(pid, cpuNs - (before.get(pid) ?? cpuNs));
  return { inner: side === 'after' ? second : first, admin, probeCpuNs };
}

/** The engine's reading, with the time of the loops that keep cores awake moved from user time to idle time. */
async function readKeepingIdle(session: Session): Promise<EngineReading> {
  const { engine, cluster, readProcessCpuNs } = session.ports;
  const reading = await engine.read();
  const loopMicros = new Map(
    cluster.keepers().map(({ core, pid }) => [core, (readProcessCpuNs(pid) ?? 0) / 1000] as const),
  );
  const cores = reading.cores.map((core) => {
    const micros = loopMicros.get(core.cpu) ?? 0;
    return { ...core, userMicros: core.userMicros - micros, idleMicros: core.idleMicros + micros };
  });
  return { ...reading, cores };
}

/** An edge of external clocks only. */
export async function readClocks(session: Session): Promise<Edge> {
  return { inner: await readKeepingIdle(session), admin: new Map(), probeCpuNs: new Map() };
}

function cpuByPid(reading: EngineReading): Map<number, number> {
  return new Map(
    reading.processes.flatMap((one) => (one.cpuNs === null ? [] : [[one.pid, one.cpuNs] as const])),
  );
}

/** Cumulative CPU clocks by pid at an edge, in nanoseconds; processes whose clock could not be read are absent. */
export function clocksAt(edge: Edge): Map<number, number> {
  return cpuByPid(edge.inner);
}

/** The record line of one variant's window between two edges. */
export function windowOf(
  session: Session,
  variant: string,
  track: WindowRecord['track'],
  sliceSeq: number | null,
  requests: number,
  start: Edge,
  end: Edge,
): WindowRecord {
  const pids = (session.standing.get(variant)?.processes ?? []).map((process) => process.pid);
  const probeCpuNs = pids.reduce(
    (sum, pid) => sum + (start.probeCpuNs.get(pid) ?? 0) + (end.probeCpuNs.get(pid) ?? 0),
    0,
  );
  return {
    type: 'window',
    round: session.round,
    variant,
    replica: session.replica,
    track,
    sliceSeq,
    requests,
    start: snapshotOf(start, variant),
    end: snapshotOf(end, variant),
    probeCpuNs,
  };
}

function snapshotOf(edge: Edge, variant: string): Snapshot {
  const processes = edge.inner.processes
    // Where there is one generator for all, it is nobody's.
    .filter((one) => one.target === variant || (one.role === 'generator' && one.target === ''))
    .map(({ target: _target, ...numbers }): ProcessSnapshot => {
      const said = edge.admin.get(numbers.pid);
      return {
        ...numbers,
        runtime: said?.runtime ?? null,
        witness: said === undefined ? null : { ...said.witness },
      };
    });
  const { atMicros, wallMicros, cores } = edge.inner;
  return { atMicros, ...(wallMicros === undefined ? {} : { wallMicros }), processes, cores };
}
