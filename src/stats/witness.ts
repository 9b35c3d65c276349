/** Proof that a variant did what its name says, and that the others did not: counters turned into shares. */
import type { ProcessSnapshot, RunVariant, WindowRecord, WitnessResult } from '../record/index.js';
import { type Evidence, processPairs } from './evidence.js';
import { WITNESSES, type Witness } from './witness-catalogue.js';

/** Rule 11 of measurement: a mechanism is exercised at this share or above … */
export const EXERCISED_SHARE = 0.99;
/** … and idle at this share or below. */
export const IDLE_SHARE = 0.001;

/** Witness values that are not counted up from zero: the largest seen counts. */
const GAUGES: ReadonlySet<string> = new Set(['workersPeak', 'workersBound']);

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

/**
 * Every witness read in one variant, over its micro and long windows: what it claims, each in the proxies that it is
 * claimed of, and what it does not claim, in the proxy that does most of it. Claims that nobody knows are read as unknown.
 */
export function readWitnesses(evidence: Evidence): WitnessResult[] {
  const { variant } = evidence;
  const traffic = trafficOf(evidence);
  const claimed = variant.claims.map((claim) => {
    const [name = claim, role = null] = claim.split('@');
    const witness = WITNESSES.get(name);
    const reading =
      witness === undefined
        ? { value: null, detail: 'not read', reason: 'no counter of that name is known' }
        : leastOf(readIn(witness, variant, traffic, role === null ? null : [role]));
    return judge(claim, true, 'never', reading);
  });
  const unclaimed = [...WITNESSES].flatMap(([name, witness]) => {
    const rest = rolesWithout(variant, name);
    return rest.length === 0 && variant.dataPlaneRoles.length > 0
      ? []
      : [judge(name, false, witness.unclaimed, mostOf(readIn(witness, variant, traffic, rest)))];
  });
  return [...claimed, ...unclaimed];
}

/** Roles of which a witness is not claimed. */
function rolesWithout(variant: RunVariant, name: string): readonly string[] {
  if (variant.claims.includes(name)) return [];
  return variant.dataPlaneRoles.filter((role) => !variant.claims.includes(`${name}@${role}`));
}

/** The witness of a variant's own point: in the proxy where it was seen least, when it is claimed of several. */
function ownWitness(variant: RunVariant, results: readonly WitnessResult[]): WitnessResult | undefined {
  const point = variant.claims[0]?.split('@')[0];
  const own = results.filter(({ name, claimed }) => claimed && name.split('@')[0] === point);
  const [first, ...rest] = own;
  if (first === undefined) return undefined;
  return rest.reduce((least, one) => ((one.value ?? 0) < (least.value ?? 0) ? one : least), first);
}

/** The variant with what its witnesses prove: `not-exercised` where a claim is not, and its own point's witness. */
export function provenVariant(evidence: Evidence, results: readonly WitnessResult[]): RunVariant {
  const { variant } = evidence;
  const own = ownWitness(variant, results);
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

function judge(
  name: string,
  claimed: boolean,
  unclaimed: Witness['unclaimed'],
  reading: Reading,
): WitnessResult {
  const { value } = reading;
  const exercised = value !== null && value >= EXERCISED_SHARE;
  const idleEnough = {
    never: value !== null && value <= IDLE_SHARE,
    sometimes: !exercised,
    any: true,
  }[unclaimed];
  const agrees = claimed ? exercised : value === null || idleEnough;
  return { name, claimed, ...reading, exercised, agrees };
}

/** One reading of each role asked for; null asks for all. Where nothing can be read there is one reading that says why. */
function readIn(
  witness: Witness,
  variant: RunVariant,
  traffic: Traffic,
  roles: readonly string[] | null,
): readonly Reading[] {
  const unread = (reason: string): Reading[] => [{ value: null, detail: 'not read', reason }];
  if (variant.dataPlaneRoles.length === 0) {
    return witness.name === 'proxy-in-path'
      ? [{ value: 0, detail: 'no proxy process is in the path', reason: null }]
      : unread('no proxy process is in the path');
  }
  if (traffic.sent === 0) return unread('no request was sent');
  if (variant.dataPlaneRoles.some((role) => !traffic.counters.has(role))) {
    return unread('its processes have no witness counters');
  }
  const asked = [...traffic.counters].filter(([role]) => roles === null || roles.includes(role));
  if (asked.length === 0) return unread('no proxy of that role is in the path');
  return asked.map(([role, counters]) => {
    const { part, whole, what } = witness.read((counter) => counters[counter] ?? 0, traffic);
    return share(part, whole, `${what} ${role}`);
  });
}

function share(part: number, whole: number, what: string): Reading {
  const count = (value: number) => Math.round(value).toLocaleString('en-US');
  return {
    value: whole > 0 ? Math.min(1, part / whole) : 0,
    detail: `${count(part)} of ${count(whole)} ${what}`,
    reason: null,
  };
}

/** A mechanism is only as much exercised as in the proxy that exercises it least … */
function leastOf(readings: readonly Reading[]): Reading {
  return readings.reduce((least, reading) => ((reading.value ?? 0) < (least.value ?? 0) ? reading : least));
}

/** … and only as idle as in the one that exercises it most. */
function mostOf(readings: readonly Reading[]): Reading {
  return readings.reduce((most, reading) => ((reading.value ?? 0) > (most.value ?? 0) ? reading : most));
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
    known[name] = GAUGES.has(name)
      ? Math.max(known[name] ?? 0, value)
      : (known[name] ?? 0) + value - (start.witness[name] ?? 0);
  }
  counters.set(end.role, known);
}
