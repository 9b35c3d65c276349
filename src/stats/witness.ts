/** Proof that a variant did what its name says, and that the others did not: counters turned into shares. */
import type { RunVariant, WitnessResult } from '../record/index.js';
import { AGENT_ROLE, type Evidence, proxyRoles } from './evidence.js';
import { type Share, WITNESSES, type Witness } from './witness-catalogue.js';
import { type Traffic, trafficOf } from './witness-traffic.js';

/** Rule 11 of measurement: a mechanism is exercised at this share or above … */
export const EXERCISED_SHARE = 0.99;
/** … and idle at this share or below. */
export const IDLE_SHARE = 0.001;

interface Reading {
  readonly value: number | null;
  readonly detail: string;
  readonly reason: string | null;
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
    // Who comes to a service says nothing of a variant whose point it is not.
    if (witness.place === 'service') return [];
    const holders =
      witness.place === 'agent'
        ? variant.dataPlaneRoles.filter((role) => role === AGENT_ROLE)
        : proxyRoles(variant.dataPlaneRoles);
    const rest = rolesWithout(variant, name, holders);
    return rest.length === 0 && holders.length > 0
      ? []
      : [judge(name, false, meaningOf(witness, variant), mostOf(readIn(witness, variant, traffic, rest)))];
  });
  return [...claimed, ...unclaimed];
}

/** What not claiming a witness means; of a proxy of the user's own nothing is known, and it may do what it likes. */
function meaningOf(witness: Witness, variant: RunVariant): Witness['unclaimed'] {
  return variant.kind === 'custom' ? 'any' : witness.unclaimed;
}

/** Those of `roles` of which a witness is not claimed. */
function rolesWithout(variant: RunVariant, name: string, roles: readonly string[]): readonly string[] {
  if (variant.claims.includes(name)) return [];
  return roles.filter((role) => !variant.claims.includes(`${name}@${role}`));
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
  if (witness.place === 'service') {
    return traffic.sent === 0 ? unread('no request was sent') : [readRole(witness, 'service', traffic)];
  }
  const proxies = proxyRoles(variant.dataPlaneRoles);
  if (witness.place === 'agent' && !variant.dataPlaneRoles.includes(AGENT_ROLE)) {
    return [{ value: 0, detail: 'no eBPF program is attached for it', reason: null }];
  }
  if (witness.place !== 'agent' && proxies.length === 0) {
    return witness.name === 'proxy-in-path'
      ? [{ value: 0, detail: 'no proxy process is in the path', reason: null }]
      : unread('no proxy process is in the path');
  }
  if (traffic.sent === 0) return unread('no request was sent');
  if (variant.dataPlaneRoles.some((role) => !traffic.counters.has(role))) {
    return unread('its processes have no witness counters');
  }
  const possible = witness.place === 'agent' ? [AGENT_ROLE] : proxies;
  const asked = possible.filter(
    (role) => witness.place === 'agent' || roles === null || roles.includes(role),
  );
  if (asked.length === 0) return unread('no proxy of that role is in the path');
  return asked.map((role) => readRole(witness, role, traffic));
}

/** Of these a proxy counts what it is about: requests, or the bytes of one that sees none. */
const TRAFFIC: readonly string[] = ['requests', 'bytesCopied', 'bytesForwardedInKernel'];

function readRole(witness: Witness, role: string, traffic: Traffic): Reading {
  const counters = traffic.counters.get(role) ?? {};
  const uncounted: string[] = [];
  const counter = (name: string) => {
    const counted = TRAFFIC.includes(name) ? TRAFFIC : [name];
    if (!counted.some((one) => Object.hasOwn(counters, one))) uncounted.push(name);
    return counters[name] ?? 0;
  };
  const { part, whole, what }: Share = witness.read(counter, {
    ...traffic,
    hops: hopsIn(counters),
    total: (name, of = role) => traffic.totals.get(of)?.[name] ?? 0,
  });
  if (witness.place === 'proxy' && uncounted.length > 0) {
    const reason = `the proxy does not count it (${role}: ${uncounted.join(', ')})`;
    return { value: null, detail: 'not read', reason };
  }
  const holder = witness.place === 'agent' ? 'the kernel' : role;
  const reading = share(part, whole, `${what} ${holder}`);
  const expected = counter('programsExpected');
  const attached = counter('programsAttached');
  if (witness.place === 'proxy' || attached >= expected) return reading;
  return {
    value: 0,
    detail: `only ${attached} of ${expected} eBPF programs were still attached; ${reading.detail}`,
    reason: null,
  };
}

/** The servers that an agent was told of, from the names of its counters. */
function hopsIn(counters: Readonly<Record<string, number>>): string[] {
  const prefix = 'answerBytesRedirected.';
  return Object.keys(counters)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

function unread(reason: string): readonly Reading[] {
  return [{ value: null, detail: 'not read', reason }];
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
