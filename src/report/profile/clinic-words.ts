/** What clinic's tools found, in plain words. */
import type { ClinicRecord, ClinicTool } from '../../record/index.js';
import { quantity, share } from '../format.js';
import { shortened, visibleText } from '../html.js';

export const TOOL_TITLES: Record<ClinicTool, string> = {
  doctor: 'Doctor',
  flame: 'Flame',
  bubbleprof: 'Bubbleprof',
  heapprofiler: 'Heap profiler',
};

/** Named in a sentence. */
const NAMED = 3;

/** Doctor's categories; what it recommends for each is on its page. */
const CATEGORIES: Readonly<Record<string, string>> = {
  none: 'Nothing stands out.',
  gc: 'Garbage collection may be what holds it up.',
  'event-loop': 'Something may block its event loop.',
  io: 'It may be held up by input and output: its CPU is not full, and not because of its memory.',
  data: 'It was looked for too short a time to tell; look for longer, with `--slice`.',
  unknown: 'Something is slow, by no pattern that doctor knows.',
};

/** Whom a record is of. */
export function subjectOf({ variant, role }: Pick<ClinicRecord, 'variant' | 'role'>): string {
  return role === 'autocannon' ? role : variant;
}

/** What was found, in one or two sentences; null where nothing was. */
export function findingSentence({ tool, findings }: Pick<ClinicRecord, 'tool' | 'findings'>): string | null {
  if (findings === null) return null;
  if (findings.type === 'diagnosis') {
    const { category, issues } = findings;
    const slow = issues.filter(({ found }) => found === 'performance').map(({ name }) => name);
    const words = CATEGORIES[category] ?? `Doctor calls it ${shortened(category)}.`;
    return slow.length === 0
      ? words
      : `${words} Beyond doctor’s limits: ${slow.map(visibleText).join('; ')}.`;
  }
  const { unit, total, largest } = findings;
  if (total === 0 || largest.length === 0) return 'Nothing was found while it looked.';
  const named = largest
    .slice(0, NAMED)
    .map(({ name, value }) => `${shortened(name)} (${share(value / total)})`);
  return `${ABOUT[tool](unit === 'samples' ? `${total} samples` : quantity(total, unit))}: ${named.join(', ')}.`;
}

const ABOUT: Record<ClinicTool, (total: string) => string> = {
  doctor: (total) => total,
  flame: (total) => `Of ${total} of CPU, most are in`,
  bubbleprof: (total) => `Of ${total} that asynchronous operations waited, added up, most are of`,
  heapprofiler: (total) => `Of ${total} of the heap, most were allocated by`,
};
