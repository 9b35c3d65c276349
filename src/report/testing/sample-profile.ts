/** A profile run for tests of its page: a plain sidecar and one that uses its buffers again. */
import {
  lookAt,
  lookAtFolded,
  PLAIN_ALLOCATIONS,
  PLAIN_CPU,
  POOLED_ALLOCATIONS,
  POOLED_CPU,
} from '../../profile/testing/sample-stacks.js';
import {
  CLINIC_TOOLS,
  type ClinicRecord,
  type PlannedStacks,
  STACK_KINDS,
  type StacksRecord,
} from '../../record/index.js';
import type { ProfileInput } from '../profile/view.js';
import { sampleRun } from './sample-run.js';

export interface SampleProfileOptions {
  /** Ids of one variant or two. */
  readonly variants?: readonly string[];
  /** Looks in place of the usual ones. */
  readonly stacks?: readonly StacksRecord[];
  /** What was to be looked at, in place of all that the Go sidecar can tell. */
  readonly planned?: PlannedStacks;
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
        stacks: options.planned ?? { looks: STACK_KINDS.map((kind) => ({ kind, seconds: 2 })) },
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

/** A run that clinic looked at: two Node variants and one of two processes of autocannon; `change` alters its lines. */
export function sampleClinic(change: (line: ClinicRecord) => ClinicRecord = (line) => line): ProfileInput {
  const ids = ['node-plain', 'node-pooled'];
  const { run } = sampleProfile({ variants: ids });
  const line = (tool: ClinicRecord['tool'], variant: string, role: string): ClinicRecord => ({
    ...{
      type: 'clinic',
      tool,
      version: '13.0.0',
      variant,
      role,
      startedAtMicros: 1,
      seconds: 2,
      requests: 400,
    },
    page: `clinic/${role === 'autocannon' ? role : variant}/${tool}.html`,
    findings:
      tool === 'doctor'
        ? {
            type: 'diagnosis',
            category: 'io',
            issues: [
              { name: 'CPU', found: 'performance' },
              { name: 'event loop delay', found: 'none' },
            ],
          }
        : {
            type: 'shares',
            unit: tool === 'flame' ? 'samples' : tool === 'bubbleprof' ? 'ms' : 'bytes',
            total: 2048,
            largest: [{ name: 'emit node:events', value: 1024 }],
          },
    fault: null,
  });
  return {
    run: {
      ...run,
      planned: {
        ...run.planned,
        rounds: 1,
        stacks: {
          looks: [
            { kind: 'node-cpu', seconds: 2 },
            { kind: 'node-heap', seconds: 1 },
          ],
        },
        clinic: {
          looks: CLINIC_TOOLS.map((tool) => ({ tool, seconds: 2 })),
          variants: ids,
          generatorProcesses: 2,
        },
      },
    },
    clinic: CLINIC_TOOLS.flatMap((tool) => [
      ...ids.map((id) => change(line(tool, id, 'outbound'))),
      change(line(tool, 'node-plain', 'autocannon')),
    ]),
    stacks: ids.flatMap((variant, index) => [
      lookAt(
        [
          {
            frames: ['parserOnIncoming node:_http_server', 'writev [native]'],
            value: (4 - 3 * index) * 1e8,
            samples: (4 - 3 * index) * 100,
          },
        ],
        { variant, kind: 'node-cpu' },
      ),
      lookAt([{ frames: ['emit node:events'], value: 65_536, samples: 2 }], { variant, kind: 'node-heap' }),
    ]),
  };
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
