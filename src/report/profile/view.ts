/** What the page of a profile run is made from: every kind folded and compared, or why it is missing. */
import { type Comparison, compareProfiles, foldStacks } from '../../profile/index.js';
import type { ClinicRecord, RunRecord, StackKind, StacksRecord } from '../../record/index.js';

export interface ProfileInput {
  readonly run: RunRecord;
  readonly stacks: readonly StacksRecord[];
  readonly clinic: readonly ClinicRecord[];
}

export interface KindView {
  readonly kind: StackKind;
  /** Null when nothing was found, and then `missing` says why. */
  readonly comparison: Comparison | null;
  readonly missing: string | null;
  /** What of it is not whole, one sentence each. */
  readonly gaps: readonly string[];
}

export interface ProfileView {
  readonly run: RunRecord;
  /** Null where one variant was profiled. */
  readonly before: string | null;
  readonly after: string;
  readonly kinds: readonly KindView[];
  readonly clinic: readonly ClinicRecord[];
  /** Whether every variant has a profile of CPU and of allocations; one in Node.js, a finding of some tool of clinic's. */
  readonly whole: boolean;
}

/** The others may have nothing to show, or no tool for it on this Node.js. */
const OWED: readonly StackKind[] = ['cpu', 'allocations', 'perf-cpu'];

/** Folds and compares the looks of a profile run. The run's second variant is compared with its first. */
export function profileView({ run, stacks, clinic }: ProfileInput): ProfileView {
  const [first, second] = run.variants;
  const before = second === undefined ? null : (first?.id ?? null);
  const after = second?.id ?? first?.id ?? '';
  const kinds = (run.planned.stacks?.looks ?? []).map(({ kind }) =>
    kindView({ run, stacks, clinic }, kind, before, after),
  );
  return {
    run,
    before,
    after,
    kinds,
    clinic,
    whole:
      kinds.every(({ kind, comparison }) => comparison !== null || !OWED.includes(kind)) &&
      (run.planned.clinic?.variants ?? []).every((id) =>
        clinic.some(
          ({ variant, role, findings }) => variant === id && role !== 'autocannon' && findings !== null,
        ),
      ),
  };
}

function kindView(
  { run, stacks, clinic }: ProfileInput,
  kind: StackKind,
  before: string | null,
  after: string,
): KindView {
  const [old, own] = [before, after].map((id) => (id === null ? null : foldStacks(stacks, id, kind)));
  const gaps = [old, own].flatMap((profile) => {
    if (profile == null || profile.unanswered === 0) return [];
    return [
      `Of ${profile.looks} looks at sidecars of ${profile.variant}, ${profile.unanswered} ended without an answer and are left out.`,
    ];
  });
  const notes = [before, after].flatMap((id) => notesOf(stacks, id, kind));
  const lacking = [old, own].flatMap((profile) => {
    if (profile == null || profile.looks > profile.unanswered) return [];
    return [
      `of ${profile.variant} ${clinicFault(clinic, profile.variant, kind) ?? whyNone(run, profile.variant, profile.looks)}`,
    ];
  });
  if (lacking.length > 0 || own == null) {
    return {
      kind,
      comparison: null,
      missing: `There is no such profile ${lacking.join(', and ')}.`,
      gaps: [...gaps, ...notes],
    };
  }
  if ((old?.stacks.length ?? 0) + own.stacks.length === 0) {
    const missing =
      kind === 'mutex'
        ? 'Nobody waited for a lock while it was looked.'
        : `Nothing was found in ${own.looks + (old?.looks ?? 0)} looks; look for longer, with \`--slice\`.`;
    return { kind, comparison: null, missing, gaps: [...gaps, ...notes] };
  }
  return { kind, comparison: compareProfiles(old ?? null, own), missing: null, gaps: [...gaps, ...notes] };
}

/** What was said of looks, each once. */
function notesOf(stacks: readonly StacksRecord[], variant: string | null, kind: StackKind): string[] {
  const own = stacks.filter((one) => one.variant === variant && one.kind === kind);
  const notes = new Set(own.flatMap(({ note }) => (note === undefined ? [] : [note])));
  return [...notes].map((note) => `Of ${variant}: ${note}.`);
}

function clinicFault(clinic: readonly ClinicRecord[], variant: string, kind: StackKind): string | null {
  const tool = { 'node-cpu': 'flame', 'node-heap': 'heapprofiler' }[kind as string];
  const own = clinic.find((one) => one.tool === tool && one.variant === variant && one.role !== 'autocannon');
  return own?.fault == null ? null : `(${own.fault})`;
}

function whyNone(run: RunRecord, variant: string, looks: number): string {
  const own = run.variants.find(({ id }) => id === variant);
  if (own?.reason != null) return `(${own.reason})`;
  if (looks > 0) return '(none of its sidecars answered)';
  return run.state === 'finished' ? '(nothing was kept of it)' : '(the run ended before it)';
}
