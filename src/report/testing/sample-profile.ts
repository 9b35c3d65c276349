/** A profile run for tests of its page: a plain sidecar and one that uses its buffers again. */
import {
  lookAt,
  lookAtFolded,
  PLAIN_ALLOCATIONS,
  PLAIN_CPU,
  POOLED_ALLOCATIONS,
  POOLED_CPU,
} from '../../profile/testing/sample-stacks.js';
import { STACK_KINDS, type StacksRecord } from '../../record/index.js';
import type { ProfileInput } from '../profile/view.js';
import { sampleRun } from './sample-run.js';

export interface SampleProfileOptions {
  /** Ids of one variant or two. */
  readonly variants?: readonly string[];
  /** Looks in place of the usual ones. */
  readonly stacks?: readonly StacksRecord[];
}

/** The run and its looks; nobody waits for a lock in it. */
export function sampleProfile(options: SampleProfileOptions = {}): ProfileInput {
  const { variants: ids = ['plain', 'pooled-buffer'] } = options;
  const { run } = sampleRun({ rounds: 2 });
  const [row] = run.variants;
  if (row === undefined) throw new RangeError('the sample has no variant');
  return {
    run: {
      ...run,
      planned: {
        ...run.planned,
        pairs: [],
        gate: [],
        rounds: 2,
        stacks: { looks: STACK_KINDS.map((kind) => ({ kind, seconds: 2 })) },
      },
      variants: ids.map((id) => ({ ...row, id, status: 'measured', reason: null })),
      analysis: null,
    },
    clinic: [],
    stacks: options.stacks ?? ids.flatMap((id, index) => looksOf(id, index === 0)),
  };
}

function looksOf(variant: string, fresh: boolean): StacksRecord[] {
  const goroutines = [{ frames: ['net/http.(*conn).serve', 'runtime.gopark'], value: 16, samples: 128 }];
  return ['outbound', 'inbound'].flatMap((role) => [
    lookAtFolded(fresh ? PLAIN_CPU : POOLED_CPU, { variant, kind: 'cpu', role }),
    lookAtFolded(fresh ? PLAIN_ALLOCATIONS : POOLED_ALLOCATIONS, { variant, kind: 'allocations', role }),
    lookAt([], { variant, kind: 'mutex', role }),
    lookAt(goroutines, { variant, kind: 'goroutines', role }),
  ]);
}

/** Names that would break a page, a script or a table that took them for anything but text. */
export const HOSTILE_FUNCTIONS = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(2)>',
  '--><!--<script>',
  '\u202egpj.exe',
  '__proto__',
  '\'"`;alert(3)',
  `long.${'x'.repeat(5000)}`,
];

/** One variant of a hostile name, all of whose functions have hostile names. */
export function hostileProfile(): ProfileInput {
  const variant = '"><svg onload=alert(4)>';
  return sampleProfile({
    variants: ['plain', variant],
    stacks: ['plain', variant].flatMap((id, index) =>
      STACK_KINDS.map((kind) =>
        lookAt(
          HOSTILE_FUNCTIONS.map((name) => ({
            frames: ['main.main', name, name],
            value: (index + 1) * 1e8,
            samples: 100,
          })),
          { variant: id, kind, role: '<b>outbound</b>' },
        ),
      ),
    ),
  });
}
