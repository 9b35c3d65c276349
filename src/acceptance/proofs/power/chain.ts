/** A client's way through two sidecars to a service, started by hand: nothing is pinned, kept awake or warmed up. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import {
  dataplaneBinary,
  describeExit,
  EnvironmentFault,
  type ProcessHost,
  type StartedProcess,
} from '../../../host/index.js';

export interface Chain {
  /** `host:port` of the first sidecar. */
  readonly address: string;
  /** CPU that both sidecars have used so far, in µs, as coarse as the kernel's ticks. */
  sidecarCpuMicros(): number;
  close(): Promise<void>;
}

/** What the chain answers with, and for how many connections its sidecars keep upstream ones; as in run.ts. */
const RESPONSE_BYTES = 4096;
export const CONNECTIONS = 16;

/** Starts a chain whose first sidecar burns so much CPU for each request. Throws EnvironmentFault when a process does not start. */
export async function startChain(host: ProcessHost, burnMicros: number): Promise<Chain> {
  const processes: StartedProcess[] = [];
  const start = async (...args: string[]): Promise<{ pid: number; address: string }> => {
    const { started, address } = await startListening(host, args);
    processes.push(started);
    return { pid: started.pid, address };
  };
  const close = async () => {
    await Promise.all(processes.map((one) => host.end(one)));
  };
  const sidecar = (role: string, upstream: string, ...more: string[]) => {
    const kept = ['--idle-upstream-connections', String(CONNECTIONS)];
    return start('sidecar', '--role', role, '--upstream', upstream, ...kept, ...more);
  };
  try {
    const service = await start('service', '--response-bytes', String(RESPONSE_BYTES));
    const inbound = await sidecar('inbound', service.address);
    const burn = burnMicros > 0 ? ['--burn-micros', burnMicros.toFixed(2)] : [];
    const outbound = await sidecar('outbound', inbound.address, ...burn);
    return {
      address: outbound.address,
      sidecarCpuMicros: () => processCpuMicros(outbound.pid) + processCpuMicros(inbound.pid),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const listening = z.object({ event: z.literal('listening'), address: z.string() });

async function startListening(
  host: ProcessHost,
  args: readonly string[],
): Promise<{ started: StartedProcess; address: string }> {
  let announce: (line: string) => void = () => undefined;
  const firstLine = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const argv = [dataplaneBinary(), ...args];
  const started = host.start({ argv, cores: null, cgroup: null, onLine: (line) => announce(line) });
  const first = await Promise.race([firstLine, started.exited]);
  if (typeof first === 'string') {
    return { started, address: listening.parse(JSON.parse(first)).address };
  }
  throw new EnvironmentFault(
    'PROCESS_START',
    `${args[0]} ended before it listened: ${describeExit(first)}; its last lines: ${started.logTail().join(' | ') || 'none'}`,
  );
}

/** A tick of the clock that procfs tells CPU by: 1/100 s on every architecture that Node runs on (proc_pid_stat(5)). */
const TICK_MICROS = 10_000;

/** CPU of a process so far, user and system, in µs (proc_pid_stat(5), fields 14 and 15). Throws Error when it is gone. */
export function processCpuMicros(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the program's name in brackets, which may itself hold brackets and blanks.
  const afterName = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(afterName[11]) + Number(afterName[12])) * TICK_MICROS;
}
