/** Whether a run's numbers may be believed at all, and what casts doubt on them. Every sentence is meant for a reader. */
import type {
  AuditEntry,
  ControlRecord,
  Effect,
  GeneratorFloor,
  Level,
  RunRecord,
  StepRecord,
  Validity,
  WindowRecord,
  WitnessResult,
} from '../record/index.js';
import { type Evidence, isUsable } from './evidence.js';
import { floorFindings } from './generator-floor.js';
import {
  buildReasons,
  clockReasons,
  cpuClockReasons,
  eventLoopReasons,
  intendedTimeReasons,
  portReasons,
  upstreamReasons,
} from './self-audit.js';
import { sendLagReasons } from './send-lag.js';
import { coreTimes } from './window-metrics.js';

/** Rule 6 of measurement: a generator's core busier than this may delay what it measures. */
const BUSY_GENERATOR = 0.7;
/** Time that the hypervisor gave to others, as a share of all; 2 to 4 % of busy time is usual on shared machines. */
const MUCH_STEAL = 0.05;
const MANY_ERRORS = 0.001;

export interface ValidityInput {
  readonly run: Pick<RunRecord, 'cells' | 'planned' | 'isolation' | 'state' | 'stateReason' | 'ending'>;
  readonly evidence: ReadonlyMap<string, Evidence>;
  readonly effects: readonly Effect[];
  readonly levels: readonly Level[];
  readonly witnesses: Readonly<Record<string, readonly WitnessResult[]>>;
  /** Undefined in records of earlier versions. */
  readonly control?: ControlRecord | undefined;
  readonly generatorFloor?: GeneratorFloor | null;
  readonly steps?: readonly StepRecord[];
}

/** What was checked, and from it `invalid` when a check failed, `suspect` when one casts doubt, else `valid`. */
export function auditOf(input: ValidityInput): { validity: Validity; audit: AuditEntry[] } {
  const { run } = input;
  const open = run.planned.model === 'open' && run.planned.hasLong;
  const audit = [
    entry(
      'schedule held',
      'fail',
      invalidReasons(input),
      'no long slice says that it could not send as asked',
    ),
    entry('builds', 'fail', buildReasons(input.evidence), 'no process says that it was built for debugging'),
    entry(
      'requests reached the service',
      'fail',
      upstreamReasons(input.evidence),
      'the services saw as many requests as were sent',
    ),
    entry('run is whole', 'doubt', stateReasons(input), 'every planned round was measured'),
    entry('slices', 'doubt', sliceReasons(input), 'none failed, and none is suspect'),
    entry('generator’s cores', 'doubt', generatorReasons(input), idleWords(open)),
    entry(
      'generator’s event loop',
      'doubt',
      eventLoopReasons(input.evidence),
      'no long slice was sent by an event loop, or each had time to spare',
    ),
    entry(
      'send lag',
      'doubt',
      sendLagReasons({ ...input, margin: run.planned.margin }),
      'small against every latency effect judged',
    ),
    ...floorEntries(input),
    entry(
      'intended time',
      'doubt',
      intendedTimeReasons(input.evidence, open),
      open ? 'latency begins when a request was due' : 'in a closed loop a request is due when it is sent',
    ),
    entry('local ports', 'doubt', portReasons(input.evidence), 'every attempt to connect found a free port'),
    entry(
      'errors',
      'doubt',
      errorReasons(input),
      `no more than ${percent(MANY_ERRORS)} of any variant’s requests`,
    ),
    entry('stolen time', 'doubt', stealReasons(input), `no more than ${percent(MUCH_STEAL)}`),
    entry(
      'CPU clocks',
      'doubt',
      cpuClockReasons(input.evidence),
      'every reading is in order and moves with the work',
    ),
    entry(
      'time of day',
      'doubt',
      clockReasons(input.evidence),
      'the machine’s clock was not set during the run',
    ),
    entry('mechanisms not claimed', 'doubt', witnessReasons(input), 'none was seen'),
  ];
  const reasonsOf = (state: AuditEntry['state']) =>
    audit.flatMap((one) => (one.state === state ? one.details : []));
  const [failed, doubtful] = [reasonsOf('fail'), reasonsOf('doubt')];
  return {
    audit,
    validity: {
      status: failed.length > 0 ? 'invalid' : doubtful.length > 0 ? 'suspect' : 'valid',
      reasons: [...failed, ...doubtful],
    },
  };
}

function idleWords(open: boolean): string {
  return open
    ? `no more than ${percent(BUSY_GENERATOR)} busy in the long slices`
    : 'not judged: in a closed loop the generator works as fast as it can';
}

/** The known-delay control, where the record has one. */
function floorEntries({
  run,
  control,
  generatorFloor = null,
  levels,
  evidence,
}: ValidityInput): AuditEntry[] {
  if (control === undefined) return [];
  // Without a data plane there is nothing but the generator, the kernel and the service: the floor itself.
  const throughDataPlane = levels.filter(
    ({ variant }) => (evidence.get(variant)?.variant.dataPlaneRoles.length ?? 0) > 0,
  );
  const { state, detail } = floorFindings(control, generatorFloor, throughDataPlane);
  const [first] = run.cells ?? [];
  // It is measured once, with what the first cell asks.
  const where =
    first === undefined ? '' : ` (asked as in the cell ${first.id}; for other cells it may add more)`;
  return [{ check: 'known delay', state, details: [`${detail}${where}`] }];
}

/** A check that found nothing passes, with a sentence of what that means. */
function entry(
  check: string,
  worst: 'doubt' | 'fail',
  reasons: readonly string[],
  otherwise: string,
): AuditEntry {
  return reasons.length === 0
    ? { check, state: 'pass', details: [otherwise] }
    : { check, state: worst, details: [...reasons] };
}

function compared(input: ValidityInput): Evidence[] {
  const ids = new Set(input.run.planned.pairs.flatMap(({ candidate, baseline }) => [candidate, baseline]));
  return [...input.evidence.values()].filter(({ variant }) => ids.size === 0 || ids.has(variant.id));
}

function invalidReasons(input: ValidityInput): string[] {
  return compared(input).flatMap(({ variant, slices }) => {
    const measured = slices.filter((slice) => slice.track === 'long' && slice.status.state === 'measured');
    const invalid = measured.filter((slice) => !isUsable(slice));
    const why = invalid[0]?.validity.reasons[0] ?? 'no reason was recorded';
    return invalid.length === 0
      ? []
      : [`${invalid.length} of ${measured.length} long slices of ${variant.id} are invalid: ${why}`];
  });
}

function stateReasons({ run, evidence, steps = [] }: ValidityInput): string[] {
  const sliced = [...evidence.values()].flatMap(({ slices }) => slices);
  const rounds = new Set([...sliced, ...steps].map(({ round }) => round));
  const why = run.stateReason === null ? '' : `: ${run.stateReason}`;
  return [
    ...(run.state === 'interrupted' || run.state === 'failed' ? [`the run was ${run.state}${why}`] : []),
    // A search ends when it knows, and says of each variant whether it does; so does a run whose gate is decided.
    ...(run.planned.steps?.type !== 'search' &&
    run.ending?.why !== 'decided' &&
    rounds.size < run.planned.rounds
      ? [`${rounds.size} of ${run.planned.rounds} planned rounds were measured`]
      : []),
  ];
}

function sliceReasons({ evidence }: ValidityInput): string[] {
  return [...evidence.values()].flatMap(({ variant, slices }) => {
    const failed = slices.filter((slice) => slice.status.state === 'failed');
    const suspect = slices.filter((slice) => slice.validity.status === 'suspect');
    const outside = slices.filter((slice) => slice.track !== 'long' && slice.validity.status === 'invalid');
    const first = failed[0]?.status;
    return [
      ...(first?.state === 'failed'
        ? [`${failed.length} of ${slices.length} slices of ${variant.id} failed: ${first.reason}`]
        : []),
      ...(suspect.length > 0
        ? [
            `${suspect.length} of ${slices.length} slices of ${variant.id} are suspect: ${suspect[0]?.validity.reasons[0] ?? 'no reason was recorded'}`,
          ]
        : []),
      ...(outside.length > 0
        ? [
            `${outside.length} short or cross-check slices of ${variant.id} are invalid and left out: ${outside[0]?.validity.reasons[0] ?? 'no reason was recorded'}`,
          ]
        : []),
    ];
  });
}

function generatorReasons({ run, evidence }: ValidityInput): string[] {
  // In a closed loop the generator works as fast as it can, and latency is not judged there.
  if (run.planned.model === 'closed') return [];
  const windows = longWindows(evidence);
  return run.isolation.generatorCores.flatMap((core) => {
    const share = coreShare(windows, [core], 'busy');
    return share !== null && share > BUSY_GENERATOR
      ? [
          `core ${core} of the generator was ${percent(share)} busy in the long slices, above ${percent(BUSY_GENERATOR)}: it may have delayed what it measured`,
        ]
      : [];
  });
}

function errorReasons({ levels }: ValidityInput): string[] {
  return levels.flatMap(({ metric, value, variant }) =>
    metric === 'errors.rate' && value !== null && value > MANY_ERRORS
      ? [`${percent(value)} of the requests through ${variant} failed`]
      : [],
  );
}

function stealReasons({ evidence }: ValidityInput): string[] {
  const long = longWindows(evidence);
  const windows = long.length > 0 ? long : [...evidence.values()].flatMap((one) => one.windows.micro);
  const share = coreShare(windows, null, 'steal');
  return share !== null && share > MUCH_STEAL
    ? [`other machines took ${percent(share)} of this one’s CPU time (steal)`]
    : [];
}

function witnessReasons({ witnesses }: ValidityInput): string[] {
  return Object.entries(witnesses).flatMap(([variant, results]) =>
    results
      .filter((result) => !result.claimed && !result.agrees)
      .map((result) => `${variant} does ${result.name} without claiming it: ${result.detail}`),
  );
}

function longWindows(evidence: ReadonlyMap<string, Evidence>): WindowRecord[] {
  return [...evidence.values()].flatMap((one) => one.windows.long);
}

/** Busy or stolen share of the cores' time over the windows; null when it was not read. */
function coreShare(
  windows: readonly WindowRecord[],
  cores: readonly number[] | null,
  kind: 'busy' | 'steal',
): number | null {
  let part = 0;
  let whole = 0;
  for (const window of windows) {
    const times = coreTimes(window, cores);
    if (times === null) continue;
    part += times[kind];
    whole += times.busy + times.steal + times.idle;
  }
  return whole > 0 ? part / whole : null;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
