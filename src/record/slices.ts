/**
 * The lines of `slices.jsonl`: what was measured, in the order it was measured.
 * Times of day are Unix epoch microseconds; durations carry their unit in the name.
 */
import { z } from 'zod';

/** HdrHistogram V2 compressed encoding in base64; values are nanoseconds, 3 significant digits. */
export const encodedHistogram = z.string().min(1);

/**
 * `micro`: a fixed number of requests, tens of milliseconds, judges CPU and allocation only.
 * `long`: seconds in a steady state, judges latency, throughput, user/system split, machine-wide CPU.
 * `cross-check`: seconds by a second driver; shown beside, never decides.
 */
export const track = z.enum(['micro', 'long', 'cross-check']);
export type Track = z.infer<typeof track>;

/** Requests that did not succeed, by cause. A timeout also enters the latency histogram at its limit. */
export const errorCounts = z.object({
  connect: z.int().nonnegative(),
  reset: z.int().nonnegative(),
  timeout: z.int().nonnegative(),
  status: z.int().nonnegative(),
  protocol: z.int().nonnegative(),
});
export type ErrorCounts = z.infer<typeof errorCounts>;

/** Cumulative CPU clock of one process at a slice's three edges. */
export const cpuEdges = z.object({
  role: z.string(),
  pid: z.int(),
  /** When the slice's warm-up began. */
  warmupStartNs: z.number(),
  /** When the measured part began. */
  startNs: z.number(),
  /** When the last measured response had come. */
  endNs: z.number(),
});
export type CpuEdges = z.infer<typeof cpuEdges>;

export const validityStatus = z.enum(['valid', 'suspect', 'invalid']);
export const validity = z.object({
  status: validityStatus,
  reasons: z.array(z.string()),
});
export type Validity = z.infer<typeof validity>;

/** What one single-threaded process of the generator says of its event loop over a slice's measured part. */
export const eventLoop = z.object({
  /** Share of the time in which it was busy, 0 to 1. */
  utilisation: z.number().min(0),
  /** How much later than asked its timers fired, 99th percentile; null where the slice was too short for one. */
  delayP99Ns: z.number().nonnegative().nullable(),
  /** Time in which it stood still for garbage collection. */
  gcNs: z.number().nonnegative(),
  cpuNs: z.number().nonnegative(),
});
export type EventLoop = z.infer<typeof eventLoop>;

/** One load generator of several that made a slice together, as it alone saw it. */
export const loadAgent = z.object({
  /** Its place among them, from 0. */
  agent: z.int().nonnegative(),
  pod: z.string(),
  node: z.string(),
  /** Why it was lost; null where it was not. What a lost one measured is in no figure, and without it the others are not asked again. */
  lost: z.string().nullable(),
  requests: z.int().nonnegative(),
  errors: errorCounts,
  /** As the slice's own; null in slices of a number of requests, and where it told nothing. */
  latency: encodedHistogram.nullable(),
  sendLag: encodedHistogram.nullable(),
  /** CPU of the generator itself. */
  cpuNs: z.number(),
  /** How long after the common start it began; null where that is not known. */
  lateMicros: z.number().nullable(),
  /** By how much its clock may be wrong against the harness's, either way. */
  clockUncertaintyMicros: z.number(),
});
export type LoadAgent = z.infer<typeof loadAgent>;

export const sliceRecord = z.object({
  type: z.literal('slice'),
  /** Position in the run, from 0, over all variants and tracks. */
  seq: z.int().nonnegative(),
  /** The batch: micro blocks, then a long block, on one set of fresh processes. */
  round: z.int().nonnegative(),
  /** One slice of every variant, next to each other in time; the unit of pairing. Unique in the run. */
  block: z.int().nonnegative(),
  /** Place within the block, from 0. */
  position: z.int().nonnegative(),
  track,
  variant: z.string(),
  /** Which set of fresh processes served it: the outer level of the statistics. */
  replica: z.int().nonnegative(),
  driver: z.enum(['loadgen', 'autocannon', 'k6']),
  model: z.enum(['closed', 'open']),
  startedAtMicros: z.number(),
  endedAtMicros: z.number(),
  warmupRequests: z.int().nonnegative(),
  /** Requests of the measured part that were answered or failed. */
  requests: z.int().nonnegative(),
  errors: errorCounts,
  bytesReceived: z.number(),
  /** Requests per second the schedule asked for; null in a closed loop. */
  offeredRatePerSecond: z.number().nullable(),
  /** From the intended send time in an open loop, from the real one in a closed loop; but see `timedFrom`. */
  latency: encodedHistogram.nullable(),
  /** `send` where the driver of an open loop does not know when a request was due, as k6 does not. */
  timedFrom: z.enum(['due', 'send']).optional(),
  /** From the real send time; null in a closed loop, where `latency` is that. */
  sendLatency: encodedHistogram.nullable(),
  /** Real less intended send time; null in a closed loop. */
  sendLag: encodedHistogram.nullable(),
  /** Send-time latency less the service's own residence time, where the service reported it. */
  beyondResidence: encodedHistogram.nullable(),
  cpu: z.array(cpuEdges),
  generator: z.object({
    cpuNs: z.number(),
    /** Null where the driver does not tell. */
    gcCycles: z.int().nonnegative().nullable(),
    /** Scheduled requests that found every connection busy: the variant, not the generator, was full. */
    connectionWaits: z.int().nonnegative(),
    /** Attempts to connect for which no local port was free; absent where the driver does not tell. */
    portsExhausted: z.int().nonnegative().optional(),
    /** One for each of the generator's processes; absent where it has no event loop of its own to tell of. */
    eventLoops: z.array(eventLoop).optional(),
    /** Scheduled requests that were never sent, since every connection was busy; absent where the driver sends all. */
    dropped: z.int().nonnegative().optional(),
  }),
  /** The generators, where several made the slice together; all figures are of all that answered. */
  agents: z.array(loadAgent).optional(),
  /**
   * What clients that read slowly came to; absent where there are none. They are in none of the figures above, but for the
   * CPU, which the data plane spent on them too.
   */
  slow: z
    .object({
      /** Requests sent, warm-up included. */
      sent: z.int().nonnegative(),
      /** Answers that were whole in the measured part. */
      requests: z.int().nonnegative(),
      /** Requests and attempts to connect that failed there. */
      failed: z.int().nonnegative(),
      bytesReceived: z.number(),
    })
    .optional(),
  /** The slowest requests, where the driver tells them; times are µs of a clock that all processes of the machine share. */
  tail: z
    .object({
      /** Bounds of the measured part. */
      fromMicros: z.number(),
      toMicros: z.number(),
      /** Whether these are all of the slowest 2 %, and not only as many as were kept. */
      complete: z.boolean(),
      /** When each ended and its latency in ns, one after the other, by rising end: flat, since an hour has many. */
      requests: z.array(z.number()),
    })
    .optional(),
  /** `failed` when the variant could not serve the slice; what it did serve is still counted. */
  status: z.discriminatedUnion('state', [
    z.object({ state: z.literal('measured') }),
    z.object({ state: z.literal('failed'), reason: z.string() }),
  ]),
  validity,
});
export type SliceRecord = z.infer<typeof sliceRecord>;

/** Cumulative counts per bucket; `upperNs[i]` is the upper edge of `counts[i]`, the last may be null (infinity). */
export const bucketCounts = z.object({
  upperNs: z.array(z.number().nullable()),
  counts: z.array(z.number()),
});
export type BucketCounts = z.infer<typeof bucketCounts>;

/** Cumulative counters of a managed runtime since its process started, and gauges marked so. */
export const runtimeSnapshot = z.object({
  gcCycles: z.number(),
  gcPauses: bucketCounts,
  /** Pauses since the reading before: µs of the machine's monotonic clock at which each ended and its length in ns, one after the other. */
  recentPauses: z.object({ pauses: z.array(z.number()), lost: z.int().nonnegative() }).optional(),
  gcCpuSeconds: z.number(),
  allocBytes: z.number(),
  /** Null where the runtime does not count objects: V8 does not. */
  allocObjects: z.number().nullable(),
  /** Gauge. */
  heapLiveBytes: z.number(),
  /** Gauge. Null where the runtime has none. */
  goroutines: z.number().nullable(),
  /** Time runnable goroutines waited for a processor. */
  schedLatency: bucketCounts,
  mutexWaitSeconds: z.number(),
});
export type RuntimeSnapshot = z.infer<typeof runtimeSnapshot>;

export const processSnapshot = z.object({
  /** `outbound`, `inbound`, `service`, `generator`, or a custom variant's `proxy`. */
  role: z.string(),
  pid: z.int(),
  cpuNs: z.number().nullable(),
  userMicros: z.number().nullable(),
  systemMicros: z.number().nullable(),
  voluntarySwitches: z.number().nullable(),
  involuntarySwitches: z.number().nullable(),
  rssBytes: z.number().nullable(),
  rssPeakBytes: z.number().nullable(),
  /** Null with a reason in the variant's row when the process has no admin port. */
  runtime: runtimeSnapshot.nullable(),
  /** Cumulative witness counters by name. */
  witness: z.record(z.string(), z.number()).nullable(),
});
export type ProcessSnapshot = z.infer<typeof processSnapshot>;

/**
 * Cumulative CPU time per core since boot, as the kernel accounts it (10 ms ticks). The time of a loop that keeps the
 * core awake is in `idleMicros`.
 */
export const coreSnapshot = z.object({
  cpu: z.int().nonnegative(),
  userMicros: z.number(),
  systemMicros: z.number(),
  irqMicros: z.number(),
  softirqMicros: z.number(),
  stealMicros: z.number(),
  idleMicros: z.number(),
});
export type CoreSnapshot = z.infer<typeof coreSnapshot>;

export const snapshot = z.object({
  /** By a clock that never steps: the time of day when the engine started, and a monotonic clock from there. */
  atMicros: z.number(),
  /** By the machine's own time of day at the same moment, which somebody may set. */
  wallMicros: z.number().optional(),
  processes: z.array(processSnapshot),
  cores: z.array(coreSnapshot),
});
export type Snapshot = z.infer<typeof snapshot>;

/**
 * Everything read about one variant around a stretch of time: all of a round's micro slices, one long or
 * cross-check slice, or an `idle` stretch without traffic (the control). The readings that cost the measured
 * processes anything lie outside it.
 */
export const windowRecord = z.object({
  type: z.literal('window'),
  round: z.int().nonnegative(),
  variant: z.string(),
  replica: z.int().nonnegative(),
  track: z.enum(['micro', 'long', 'cross-check', 'idle']),
  /** The slice it surrounds; null for micro and idle windows. */
  sliceSeq: z.int().nonnegative().nullable(),
  /** All requests sent to the variant in the window, warm-ups included. */
  requests: z.int().nonnegative(),
  start: snapshot,
  end: snapshot,
  /** CPU the variant's processes spent on answering the probes of both edges; not inside the window. */
  probeCpuNs: z.number(),
});
export type WindowRecord = z.infer<typeof windowRecord>;
