/** What the slice engine says, parsed at the edge. The protocol is described in infra/dataplane/PROTOCOL.md. */
import { z } from 'zod';
import { coreSnapshot, cpuEdges, processSnapshot, type SliceRecord, sliceRecord } from '../record/index.js';

/** A CPU clock may be unreadable (null) where the platform has none or the process is gone. */
const edgesOrNull = z.object({
  role: z.string(),
  pid: z.int(),
  warmupStartNs: z.number().nullable(),
  startNs: z.number().nullable(),
  endNs: z.number().nullable(),
  agent: z.string().optional(),
});
/** Whose clocks they are, and by whom they were read where the engine could not. */
const toldEdges = cpuEdges.extend({ agent: z.string().optional() });

export const engineSlice = sliceRecord
  .pick({
    seq: true,
    startedAtMicros: true,
    endedAtMicros: true,
    warmupRequests: true,
    requests: true,
    errors: true,
    bytesReceived: true,
    offeredRatePerSecond: true,
    latency: true,
    sendLatency: true,
    sendLag: true,
    beyondResidence: true,
    tail: true,
    slow: true,
  })
  .extend({
    event: z.literal('slice'),
    target: z.string(),
    cpu: z
      .array(edgesOrNull)
      .transform((edges) => edges.flatMap((edge) => toldEdges.safeParse(edge).data ?? [])),
    generator: z.object({
      cpuNs: z
        .number()
        .nullable()
        .transform((cpuNs) => cpuNs ?? 0),
      gcCycles: z.int(),
      connectionWaits: z.int(),
      portsExhausted: z.int().optional(),
    }),
    /** When requests really left, in ns of the engine's clock; only where the order asked for it. */
    sentAtNs: z.array(z.number()).optional(),
    /** How long after the start that its order names it really began. */
    lateMicros: z.number().optional(),
    failed: z.string().nullable(),
  });
/** A slice as the engine saw it; the harness adds where in the plan it belongs. */
export type EngineSlice = z.infer<typeof engineSlice> &
  Pick<SliceRecord, 'agents'> & {
    /** What casts doubt on a slice that several engines made together. */
    readonly doubts?: readonly string[];
  };

export const engineProcess = processSnapshot
  .omit({ runtime: true, witness: true })
  .extend({ target: z.string(), agent: z.string().optional() });

export const engineReading = z.object({
  event: z.literal('reading'),
  atMicros: z.number(),
  wallMicros: z.number().optional(),
  processes: z.array(engineProcess),
  cores: z.array(coreSnapshot),
  agents: z
    .array(
      z.object({
        address: z.string(),
        offsetMicros: z.number(),
        uncertaintyMicros: z.number(),
        atMicros: z.number(),
        cores: z.array(coreSnapshot).optional(),
      }),
    )
    .optional(),
});
/** External clocks of every process of every target, and of the machine, at one moment. */
export type EngineReading = z.infer<typeof engineReading>;

export const engineReady = z.object({
  event: z.literal('ready'),
  pid: z.int(),
  goVersion: z.string(),
  cpuClock: z.enum(['process', 'none']),
});
export type EngineReady = z.infer<typeof engineReady>;

/** The engine's own time of day. */
const engineClock = z.object({ event: z.literal('clock'), atMicros: z.number() });

const done = z.object({
  event: z.literal('done'),
  id: z.int(),
  failed: z.record(z.string(), z.string()).nullish(),
});

const refused = z.object({ event: z.literal('error'), id: z.int().nullish(), message: z.string() });

export const engineEvent = z.discriminatedUnion('event', [
  engineSlice,
  engineReading,
  engineReady,
  engineClock,
  done,
  refused,
]);
export type EngineEvent = z.infer<typeof engineEvent>;
