/** What profiles say, in plain words: how much in all, and what moved most. */
import {
  type Comparison,
  type FunctionMoved,
  functionsOf,
  type GroupMoved,
  KIND_UNITS,
  type Moved,
} from '../../profile/index.js';
import type { StackKind } from '../../record/index.js';
import { change, quantity, share } from '../format.js';
import { shortened } from '../html.js';

/** So many functions are named in a sentence, those with at least such a share of what moved. */
const NAMED_FUNCTIONS = 2;
const NAMED_SHARE = 0.15;
/** Groups that are named of a single profile. */
const NAMED_GROUPS = 3;

const SUBJECTS: Record<StackKind, { single: string; verb: string; less: string; more: string }> = {
  cpu: { single: 'of CPU', verb: 'uses', less: 'less CPU', more: 'more CPU' },
  allocations: { single: '', verb: 'allocates', less: 'less', more: 'more' },
  mutex: {
    single: 'of waiting for locks',
    verb: 'has',
    less: 'less waiting for locks',
    more: 'more waiting for locks',
  },
  'node-cpu': { single: 'of CPU', verb: 'uses', less: 'less CPU', more: 'more CPU' },
  'node-heap': { single: 'of heap', verb: 'holds', less: 'of heap less', more: 'of heap more' },
  'perf-cpu': { single: 'of CPU', verb: 'uses', less: 'less CPU', more: 'more CPU' },
  goroutines: { single: 'goroutines', verb: 'has', less: 'goroutines fewer', more: 'goroutines more' },
};

/** Digits after the point below which a value of the unit says nothing: a byte, a nanosecond, a hundredth of a goroutine. */
const DECIMALS = { bytes: 0, µs: 3, count: 2 } as const;

/** A value in the kind's unit. */
export function valueText(kind: StackKind, value: number): string {
  const { unit } = KIND_UNITS[kind];
  return quantity(Number(value.toFixed(DECIMALS[unit])), unit);
}

/** A difference with its sign. */
export function differenceText(kind: StackKind, value: number): string {
  const text = valueText(kind, Math.abs(value));
  if (!/[1-9]/.test(text)) return text;
  return `${value < 0 ? '\u2212' : '+'}${text}`;
}

/** The change in per cent, where there is something that it changed from. */
export function changeText({ before, after }: Moved): string | null {
  return before === null || before <= 0 ? null : change(after / before);
}

/** One or two sentences on a kind. */
export function kindSentences(comparison: Comparison): readonly string[] {
  return comparison.before === null ? singleSentences(comparison) : differenceSentences(comparison);
}

function perWords(kind: StackKind): string {
  if (kind === 'node-cpu') return 'Per request, under the profiler, ';
  if (kind === 'perf-cpu') return 'Per request, with the kernel’s part, ';
  if (kind === 'node-heap') return 'Of what it allocated while the profiler looked, at its end ';
  return KIND_UNITS[kind].perRequest ? 'Per request, ' : 'On average ';
}

function singleSentences({ kind, total, groups, functions, after }: Comparison): readonly string[] {
  const { single, verb } = SUBJECTS[kind];
  const per = perWords(kind);
  const amount = [valueText(kind, total.after), ...(single === '' ? [] : [single])].join(' ');
  const whole = `${per}${shortened(after.variant)} ${verb} ${amount}.`;
  const named = groups
    .slice(0, NAMED_GROUPS)
    .map((one) => `${one.group} (${share(one.after / total.after)})`);
  const [first] = functions;
  if (first === undefined) return [whole];
  return [
    whole,
    `${kind === 'goroutines' ? 'Most stand in' : 'Most of it is'} ${inWords(named)}; no function has more than ${shortened(first.function)} (${share(first.after / total.after)}).`,
  ];
}

function differenceSentences(comparison: Comparison): readonly string[] {
  const { kind, total, before, after } = comparison;
  const { verb, less, more } = SUBJECTS[kind];
  const per = perWords(kind);
  const ratio = changeText(total);
  const sizes = `${valueText(kind, total.after)} against ${valueText(kind, total.before ?? 0)}${ratio === null ? '' : `, ${ratio}`}`;
  const amount = `${valueText(kind, Math.abs(total.difference))} ${total.difference < 0 ? less : more}`;
  const names = [shortened(after.variant), shortened(before?.variant ?? '')];
  const whole = `${per}${names[0]} ${verb} ${amount} than ${names[1]} (${sizes})${total.beyondChance ? '' : ', which chance alone can explain'}.`;
  const group = topGroup(comparison);
  if (group === null) {
    return [whole, 'No kind of work moved by more than chance alone can explain.'];
  }
  return [whole, groupSentence(comparison, group)];
}

/** The group that moved most, by more than chance; null when none did. */
export function topGroup({ groups }: Comparison): GroupMoved | null {
  return groups.find(({ beyondChance }) => beyondChance) ?? null;
}

function groupSentence(comparison: Comparison, group: GroupMoved): string {
  const { kind } = comparison;
  const named = functionsOf(comparison, group)
    .filter((one, index) => index < NAMED_FUNCTIONS && one.difference / group.difference >= NAMED_SHARE)
    .map((one) => functionText(kind, one));
  const where = named.length === 0 ? '' : `, above all in ${inWords(named)}`;
  return `What moved most is ${group.group}: ${fromTo(kind, group)}${where}.`;
}

function functionText(kind: StackKind, moved: FunctionMoved): string {
  return `${shortened(moved.function)} (${fromTo(kind, moved)})`;
}

function fromTo(kind: StackKind, { before, after }: Moved): string {
  return `${valueText(kind, before ?? 0)} before, ${valueText(kind, after)} after`;
}

function inWords(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}
