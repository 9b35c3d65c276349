/** The slice engine: our open-loop generator in Go, which keeps connections to every variant open. */
import {
  dataplaneBinary,
  describeExit,
  EnvironmentFault,
  type OpenLineChannel,
  type PodAgent,
  type ProcessHost,
} from '../host/index.js';
import {
  type EngineEvent,
  type EngineReading,
  type EngineReady,
  type EngineSlice,
  engineEvent,
} from './engine-events.js';

/** One kind of request of a mix. */
export interface EngineRequest {
  readonly weight: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

export interface EngineTarget {
  readonly id: string;
  /** `host:port`. */
  readonly address: string;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly protocol: 'http1' | 'h2' | 'h3' | 'grpc' | 'raw';
  /** PEM files of the client's identity, for `h3`. */
  readonly identity?: {
    readonly certificateFile: string;
    readonly keyFile: string;
    readonly authorityFile: string;
  };
  /** Size of each request, for `raw`. */
  readonly requestBytes?: number;
  /** Full name of the method, for gRPC. */
  readonly grpcMethod?: string;
  /** A mix of requests, drawn by weight, in place of GET of `/`. */
  readonly requests?: readonly EngineRequest[];
  readonly connectionPerRequest: boolean;
  /** How many of the connections read slowly, and how slowly. */
  readonly slowConnections?: number;
  readonly slowReadBytesPerSecond?: number;
  /** Further connections that stay idle. */
  readonly idleConnections: number;
  /** Processes whose CPU clocks are read at this target's slice edges. */
  readonly processes: readonly { readonly role: string; readonly pid: number }[];
  /** Agents of the pods whose processes this engine cannot see, its own pod's first, and what they are asked with. */
  readonly agents?: readonly PodAgent[];
  readonly agentToken?: string;
}

/** What a slice that several engines make together is to each of them. */
interface Together {
  /** When its warm-up begins, by the engine's own time of day. */
  readonly startAtMicros?: number;
  /** Of an open slice: which part of the schedule, which all of them work out. */
  readonly share?: { readonly place: number; readonly of: number };
}

export type EngineSliceOrder = { readonly seq: number; readonly target: string } & Together &
  (
    | {
        readonly model: 'closed';
        readonly requests: number;
        readonly warmupRequests: number;
        /** Of the draw from a mix of requests. */
        readonly seed?: number;
      }
    | {
        readonly model: 'closed';
        readonly durationMs: number;
        readonly warmupMs: number;
        readonly seed?: number;
        /** How long a connection rests after its answer. */
        readonly thinkMs?: number;
      }
    | {
        readonly model: 'open';
        readonly ratePerSecond: number;
        readonly arrivals: 'constant' | 'poisson' | 'bursts' | 'ramp';
        /** Where a ramp begins. */
        readonly fromRatePerSecond?: number;
        /** Requests due at once, for bursts. */
        readonly burst?: number;
        /** Of how many requests the send times are told. */
        readonly keepSends?: number;
        readonly seed: number;
        readonly durationMs: number;
        readonly warmupMs: number;
      }
  );

export interface LoadgenEngine {
  readonly ready: EngineReady;
  /** Closes old connections and opens new ones. Returns why a target could not be reached, by id. */
  setTargets(targets: readonly EngineTarget[]): Promise<Readonly<Record<string, string>>>;
  /** Runs slices one after another; each is handed over as soon as it has ended. */
  runSlices(slices: readonly EngineSliceOrder[], onSlice: (slice: EngineSlice) => void): Promise<void>;
  read(): Promise<EngineReading>;
  /** Ends the slice being run and drops the rest of its order. */
  stop(): void;
  close(): Promise<void>;
}

/** An engine whose clock can be asked for at any time, so that it can be told when to begin. */
export interface ClockedEngine extends LoadgenEngine {
  /** Its time of day, in Unix µs. */
  askClock(): Promise<number>;
}

interface Pending {
  readonly onEvent: (event: EngineEvent) => void;
  readonly reject: (fault: EnvironmentFault) => void;
}

/** Starts the engine on the generator's cores and, where there is one, in the clients' cgroup. Throws DRIVER_EXITED or DRIVER_PROTOCOL. */
export function startLoadgen(
  host: ProcessHost,
  cores: readonly number[],
  cgroup: string | null = null,
): Promise<LoadgenEngine> {
  return openLoadgen((onLine) => {
    const process = host.start({ argv: [dataplaneBinary(), 'loadgen'], cores, cgroup, onLine });
    return {
      writeLine: (line) => process.writeLine(line),
      ended: process.exited.then(() => undefined),
      endReason: () => {
        const exit = process.exit();
        if (exit === null) return null;
        return `${describeExit(exit)}; its last lines: ${process.logTail().slice(-5).join(' | ') || 'none'}`;
      },
      close: async () => {
        process.closeInput();
        await host.end(process);
      },
    };
  });
}

/** Talks with an engine that `open` starts, here or elsewhere. Throws DRIVER_EXITED or DRIVER_PROTOCOL. */
export async function openLoadgen(open: OpenLineChannel): Promise<ClockedEngine> {
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let onReady: (ready: EngineReady) => void = () => undefined;
  const firstEvent = new Promise<EngineReady>((resolve) => {
    onReady = resolve;
  });

  const failAll = (fault: EnvironmentFault) => {
    for (const one of pending.values()) one.reject(fault);
    pending.clear();
  };

  const onLine = (line: string) => {
    const parsed = parseEvent(line);
    if (parsed === null) {
      failAll(
        new EnvironmentFault(
          'DRIVER_PROTOCOL',
          `loadgen said something that is no event: ${line.slice(0, 200)}`,
        ),
      );
      return;
    }
    if (parsed.event.event === 'ready') onReady(parsed.event);
    else if (parsed.id !== null) pending.get(parsed.id)?.onEvent(parsed.event);
  };

  const channel = open(onLine);
  const exitFault = () =>
    new EnvironmentFault('DRIVER_EXITED', `loadgen ended: ${channel.endReason() ?? 'is gone'}`);
  const died = channel.ended.then(() => failAll(exitFault()));

  const ask = <Result>(
    command: Readonly<Record<string, unknown>>,
    onEvent: (event: EngineEvent, resolve: (result: Result) => void) => void,
  ): Promise<Result> => {
    if (channel.endReason() !== null) return Promise.reject(exitFault());
    const id = nextId++;
    return new Promise<Result>((resolve, reject) => {
      const settle = (result: Result) => {
        pending.delete(id);
        resolve(result);
      };
      const fail = (fault: unknown) => {
        pending.delete(id);
        reject(fault);
      };
      pending.set(id, {
        reject,
        onEvent: (event) => {
          if (event.event === 'error') {
            fail(new EnvironmentFault('DRIVER_PROTOCOL', `loadgen refused a command: ${event.message}`));
            return;
          }
          // What listens may fail too, such as a record whose disk is full: that fault belongs to whoever asked.
          try {
            onEvent(event, settle);
          } catch (fault) {
            fail(fault);
          }
        },
      });
      channel.writeLine(JSON.stringify({ id, ...command }));
    });
  };

  const ready = await Promise.race([
    firstEvent,
    died.then((): never => {
      throw exitFault();
    }),
  ]);

  return {
    ready,
    setTargets: (targets) =>
      ask(targetsCommand(targets), (event, resolve) => {
        if (event.event === 'done') resolve(event.failed ?? {});
      }),
    runSlices: (slices, onSlice) =>
      ask<void>({ op: 'slices', slices }, (event, resolve) => {
        if (event.event === 'slice') onSlice(event);
        else if (event.event === 'done') resolve();
      }),
    read: () =>
      ask({ op: 'read' }, (event, resolve) => {
        if (event.event === 'reading') resolve(event);
      }),
    askClock: () =>
      ask({ op: 'clock' }, (event, resolve) => {
        if (event.event === 'clock') resolve(event.atMicros);
      }),
    stop: () => {
      if (channel.endReason() === null) channel.writeLine(JSON.stringify({ id: nextId++, op: 'stop' }));
    },
    close: () => channel.close(),
  };
}

const HOST = { Host: 'meshmark' };

/** Each body is sent once, however many targets are asked for with it. */
function targetsCommand(targets: readonly EngineTarget[]): Readonly<Record<string, unknown>> {
  const places = new Map<Buffer, number>();
  const placeOf = (body: Buffer) => {
    const place = places.get(body) ?? places.size;
    places.set(body, place);
    return place;
  };
  const token = targets.find(({ agentToken }) => agentToken !== undefined)?.agentToken;
  const orders = targets.map(({ requests, identity, agents, agentToken: _token, ...target }) => ({
    ...target,
    ...(agents === undefined ? {} : { agents: agents.map(({ address }) => address) }),
    ...(identity === undefined
      ? {}
      : {
          certificate: identity.certificateFile,
          key: identity.keyFile,
          ca: identity.authorityFile,
        }),
    method: 'GET',
    path: '/',
    headers: HOST,
    ...(requests === undefined
      ? {}
      : {
          requests: requests.map(({ body, headers, ...request }) => ({
            ...request,
            headers: { ...(hasHost(headers) ? {} : HOST), ...headers },
            ...(body === null ? {} : { body: placeOf(body) }),
          })),
        }),
  }));
  return {
    op: 'targets',
    ...(token === undefined ? {} : { token }),
    bodies: [...places.keys()].map((body) => body.toString('base64')),
    targets: orders,
  };
}

function hasHost(headers: EngineRequest['headers']): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'host');
}

function parseEvent(line: string): { event: EngineEvent; id: number | null } | null {
  try {
    const raw: unknown = JSON.parse(line);
    const parsed = engineEvent.safeParse(raw);
    if (!parsed.success) return null;
    const id = (raw as { id?: unknown }).id;
    return { event: parsed.data, id: typeof id === 'number' ? id : null };
  } catch {
    return null;
  }
}
