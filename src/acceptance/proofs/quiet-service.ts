/** A service on a core of its own that remembers every request, and a core for whichever generator asks it. */
import { type Cluster, createLocalCluster } from '../../cluster/index.js';
import { createProcessHost, dataplaneBinary, type ProcessHost } from '../../host/index.js';
import { scratchFolder } from '../command-line.js';

/** Times of every request since it was last asked, in the order in which they were answered. */
export interface SeenRequests {
  readonly receivedNs: readonly number[];
  readonly residenceNs: readonly number[];
}

export interface QuietService {
  readonly address: string;
  /** What the service saw since it was last asked. */
  take(): Promise<SeenRequests>;
  close(): Promise<void>;
}

export interface Bench {
  readonly host: ProcessHost;
  readonly generatorCore: number;
  readonly serviceCore: number;
  startService(delayMs: number): Promise<QuietService>;
  close(): Promise<void>;
}

const KEPT_REQUESTS = 400_000;
export const RESPONSE_BYTES = 1024;

/** Keeps both cores awake until it is closed. Throws where there are fewer than two cores. */
export function openBench(): Bench {
  const host = createProcessHost();
  const cluster: Cluster = createLocalCluster(host, {
    keepAwake: true,
    directory: scratchFolder(),
    longestMs: 3_600_000,
    nodes: 1,
    roundTripMs: 0,
    policyLatencyMs: 0,
    addresses: 'ipv4',
    kernelHooks: false,
  });
  const [generatorCore] = cluster.isolation.generatorCores;
  const [serviceCore] = cluster.isolation.dataPlaneCores;
  if (generatorCore === undefined || serviceCore === undefined || generatorCore === serviceCore) {
    throw new Error('this benchmark needs two cores, one for the generator and one for the service');
  }
  return {
    host,
    generatorCore,
    serviceCore,
    startService: (delayMs) => startService(host, serviceCore, delayMs),
    close: async () => {
      await cluster.close();
      await host.close();
    },
  };
}

async function startService(host: ProcessHost, core: number, delayMs: number): Promise<QuietService> {
  let onLine: (line: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => {
    onLine = resolve;
  });
  const options = ['--response-bytes', String(RESPONSE_BYTES), '--delay', `${delayMs}ms`];
  const started = host.start({
    argv: [dataplaneBinary(), 'service', ...options, '--keep-requests', String(KEPT_REQUESTS)],
    cores: [core],
    cgroup: null,
    onLine: (line) => onLine(line),
  });
  const { address, admin } = JSON.parse(await first) as { address: string; admin: string };
  return {
    address,
    take: async () => {
      const response = await fetch(`http://${admin}/requests`, { method: 'POST' });
      return (await response.json()) as SeenRequests;
    },
    close: () => host.end(started),
  };
}
