/** Proof that a variant did what its name says, and that the others did not: counters turned into shares. */
import type { ProcessSnapshot, RunVariant, WindowRecord, WitnessResult } from '../record/index.js';
import { type Evidence, processPairs } from './evidence.js';

/** Rule 11 of measurement: a mechanism is exercised at this share or above … */
export const EXERCISED_SHARE = 0.99;
/** … and idle at this share or below. */
export const IDLE_SHARE = 0.001;

const WITNESS_NAMES = ['proxy-in-path', 'upstream-reuse', 'buffer-pool', 'buffer-pool-hits'] as const;
type WitnessName = (typeof WITNESS_NAMES)[number];

/** A counter's growth in each data-plane role of a variant. */
type ByRole = ReadonlyMap<string, Readonly<Record<string, number>>>;

interface Reading {
  readonly value: number | null;
  readonly detail: string;
  readonly reason: string | null;
}

interface Traffic {
  readonly counters: ByRole;
  /** Requests sent, warm-ups included. */
  readonly sent: number;
  /** Bytes that came back for them; the warm-ups' are taken at the pace of the measured requests. */
  readonly bytesReceived: number;
}

/** Every witness read in one variant, over its micro and long windows. Claims that nobody knows are read as unknown. */
export function readWitnesses(evidence: Evidence): WitnessResult[] {
  const { variant } = evidence;
  const traffic = trafficOf(evidence);
  const unknown = variant.claims.filter((claim) => !WITNESS_NAMES.some((name) => name === claim));
  return [
    ...WITNESS_NAMES.map((name) => judge(name, variant, readWitness(name, variant, traffic))),
    ...unknown.map((name) =>
      judge(name, variant, { value: null, detail: 'not read', reason: 'no counter of that name is known' }),
    ),
  ];
}

/** The variant with what its witnesses prove: `not-exercised` where a claim is not, and its own point's witness. */
export function provenVariant(evidence: Evidence, results: readonly WitnessResult[]): RunVariant {
  const { variant } = evidence;
  const own = results.find((result) => result.name === variant.claims[0]);
  const witness = own === undefined ? null : { name: own.name, value: own.value, exercised: own.exercised };
  const broken = results.find((result) => result.claimed && !result.exercised);
  // A variant that never served a request has more to explain than its witnesses.
  if (variant.status !== 'measured' || broken === undefined || trafficOf(evidence).sent === 0) {
    return { ...variant, witness };
  }
  return {
    ...variant,
    witness,
    status: 'not-exercised',
    reason: `${broken.name} is claimed and not proved: ${broken.reason ?? broken.detail}`,
  };
}

function judge(name: string, variant: RunVariant, reading: Reading): WitnessResult {
  const claimed = variant.claims.includes(name);
  const { value } = reading;
  const exercised = value !== null && value >= EXERCISED_SHARE;
  return { name, claimed, ...reading, exercised, agrees: agrees(name, claimed, exercised, value) };
}

function agrees(name: string, claimed: boolean, exercised: boolean, value: number | null): boolean {
  if (claimed) return exercised;
  if (value === null) return true;
  // Between always and never a connection is reused now and then, which is what not claiming it means.
  return name === 'upstream-reuse' ? !exercised : value <= IDLE_SHARE;
}

function readWitness(name: WitnessName, variant: RunVariant, traffic: Traffic): Reading {
  if (variant.dataPlaneRoles.length === 0) {
    return name === 'proxy-in-path'
      ? { value: 0, detail: 'no proxy process is in the path', reason: null }
      : { value: null, detail: 'not read', reason: 'no proxy process is in the path' };
  }
  if (traffic.sent === 0) return { value: null, detail: 'not read', reason: 'no request was sent' };
  if (variant.dataPlaneRoles.some((role) => !traffic.counters.has(role))) {
    return { value: null, detail: 'not read', reason: 'its processes have no witness counters' };
  }
  return lowest([...traffic.counters].map(([role, counters]) => readRole(name, role, counters, traffic)));
}

/** One proxy of the path. A mechanism is only as much exercised as in the proxy that exercises it least. */
function readRole(
  name: WitnessName,
  role: string,
  counters: Readonly<Record<string, number>>,
  traffic: Traffic,
): Reading {
  const of = (counter: string) => counters[counter] ?? 0;
  // A proxy that copies bytes cannot see requests; it is known by copying without having counted any.
  const seesRequests = of('requests') > 0 || of('bytesCopied') === 0;
  switch (name) {
    case 'proxy-in-path':
      return seesRequests
        ? share(of('requests'), traffic.sent, `requests sent were seen by ${role}`)
        : share(of('bytesCopied'), traffic.bytesReceived, `bytes received were copied by ${role}`);
    case 'upstream-reuse': {
      const requests = seesRequests ? of('requests') : traffic.sent;
      const reused = requests - of('upstreamDials');
      return share(Math.max(0, reused), requests, `requests found an open upstream connection in ${role}`);
    }
    case 'buffer-pool':
      return share(
        of('bytesThroughPool'),
        of('bytesCopied'),
        `bytes copied went through the pool of ${role}`,
      );
    case 'buffer-pool-hits':
      return share(of('poolHits'), of('poolGets'), `gets were served by the pool of ${role}`);
  }
}

function share(part: number, whole: number, what: string): Reading {
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  return {
    value: whole > 0 ? Math.min(1, part / whole) : 0,
    detail: `${count(part)} of ${count(whole)} ${what}`,
    reason: null,
  };
}

function lowest(readings: readonly Reading[]): Reading {
  return readings.reduce((least, reading) => ((reading.value ?? 0) < (least.value ?? 0) ? reading : least));
}

function trafficOf(evidence: Evidence): Traffic {
  const windows: readonly WindowRecord[] = [...evidence.windows.micro, ...evidence.windows.long];
  const counters = new Map<string, Record<string, number>>();
  for (const window of windows) {
    for (const { start, end } of processPairs(window, evidence.variant.dataPlaneRoles) ?? []) {
      addGrowth(counters, start, end);
    }
  }
  const slices = [...evidence.usable.micro, ...evidence.usable.long];
  const bytesReceived = slices.reduce((sum, slice) => {
    const pace = slice.requests > 0 ? (slice.requests + slice.warmupRequests) / slice.requests : 1;
    return sum + slice.bytesReceived * pace;
  }, 0);
  return { counters, sent: windows.reduce((sum, window) => sum + window.requests, 0), bytesReceived };
}

function addGrowth(
  counters: Map<string, Record<string, number>>,
  start: ProcessSnapshot,
  end: ProcessSnapshot,
): void {
  if (start.witness === null || end.witness === null) return;
  const known = counters.get(end.role) ?? {};
  for (const [name, value] of Object.entries(end.witness)) {
    known[name] = (known[name] ?? 0) + value - (start.witness[name] ?? 0);
  }
  counters.set(end.role, known);
}
