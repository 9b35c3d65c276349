/** CPU, context switches and garbage collection: what a request costs the machine. */
import { METRICS, type MetricName, type RunRecord } from '../../record/index.js';
import { levelOf } from '../charts.js';
import { count, fixed, quantity, significant } from '../format.js';
import { html, name } from '../html.js';
import { chart, levelCell, missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

const CPU: readonly MetricName[] = [
  'cpu.per_request',
  'cpu.user_per_request',
  'cpu.system_per_request',
  'cpu.machine_per_request',
];

/** CPU per request, split where the kernel splits it. */
export function cpu({ run }: View): Section {
  const track = run.variants.map(({ id }) => levelOf(run, id, 'cpu.per_request')?.track).find(Boolean);
  return {
    id: 'cpu',
    title: 'CPU per request',
    body: html`<p>The data plane’s own processes, by their own CPU clock${
      track === undefined ? null : `, decided by ${track === 'micro' ? 'many short slices' : 'long slices'}`
    }. The user and system split and the whole machine come from long slices only. The machine’s figure holds the service, the generator, soft interrupts and kernel workers too: it is what keeps a variant that works in the kernel from looking free.</p>
${chart('cpu', 'Stacked bar chart of CPU per request: user, system and elsewhere on the machine. The table below holds the numbers.')}
${levelsTable(run, CPU, 'CPU per request, with its interval')}`,
  };
}

function levelsTable(run: RunRecord, metrics: readonly MetricName[], caption: string) {
  const known = metrics.filter((metric) =>
    run.variants.some(({ id }) => levelOf(run, id, metric) !== undefined),
  );
  if (known.length === 0) return html`<p>The record holds no such figures.</p>`;
  return table({
    caption,
    columns: [
      { label: 'Variant', text: true },
      ...known.map((metric) => ({
        label: html`<span title="${METRICS[metric].definition}">${METRICS[metric].label}</span>`,
      })),
    ],
    rows: run.variants.map(({ id }) => [
      name(id),
      ...known.map((metric) => levelCell(levelOf(run, id, metric))),
    ]),
  });
}

/** Context switches, voluntary and not. */
export function switches({ run, windows }: View): Section {
  return {
    id: 'switches',
    title: 'Context switches',
    body: html`<p>A voluntary switch is a wait for something; an involuntary one means that another thread wanted the core.</p>
${table({
  caption: 'Context switches of the data plane per request; the sum with its interval',
  columns: [
    { label: 'Variant', text: true },
    { label: 'all' },
    { label: 'voluntary' },
    { label: 'involuntary' },
  ],
  rows: windows.map((own) => [
    name(own.id),
    levelCell(levelOf(run, own.id, 'ctx_switches.per_request')),
    own.voluntary === null ? missing(null) : significant(own.voluntary),
    own.involuntary === null ? missing(null) : significant(own.involuntary),
  ]),
})}`,
  };
}

const GC: readonly MetricName[] = [
  'alloc.bytes_per_request',
  'alloc.objects_per_request',
  'gc.cycles_per_1k',
  'gc.pause.p99',
  'gc.cpu_fraction',
];

/** Allocation, collections, pauses and memory. */
export function garbage({ run, windows }: View): Section {
  return {
    id: 'gc',
    title: 'Garbage collection and memory',
    body: html`<p>From the runtimes’ own counters. What is allocated must be collected: allocation is the cause, cycles and CPU share the cost, pauses what a request feels.</p>
<div class="pair">${chart('allocation', 'Bar chart of allocated bytes per request. The table below holds the numbers.')}${chart('pauses', 'Line chart of how many collection pauses are at least so long, per 1,000 cycles. The table below holds their 99th percentile.')}</div>
${levelsTable(run, GC, 'Allocation and collection, with intervals')}
${table({
  caption: 'Memory, and how much was seen of the collector',
  columns: [
    { label: 'Variant', text: true },
    { label: 'peak memory' },
    { label: 'largest live heap' },
    { label: 'most goroutines' },
    { label: 'cycles seen' },
    { label: 'longest pause' },
  ],
  rows: windows.map((own) => {
    const memory = levelCell(levelOf(run, own.id, 'memory.rss_peak'));
    const { runtime } = own;
    if (runtime === null)
      return [name(own.id), memory, missing(null), missing(null), missing(null), missing(null)];
    return [
      name(own.id),
      memory,
      runtime.heapLiveBytes > 0 ? quantity(runtime.heapLiveBytes, 'bytes') : missing(null),
      runtime.goroutines > 0 ? count(runtime.goroutines) : missing(null),
      runtime.gcCycles < 30 ? html`${count(runtime.gcCycles)} <small>few</small>` : count(runtime.gcCycles),
      longestPause(runtime.pauses.at(-1)?.upperNs),
    ];
  }),
})}`,
  };
}

function longestPause(upperNs: number | null | undefined) {
  if (upperNs === undefined) return missing('no pause seen');
  if (upperNs === null) return missing('beyond the runtime’s last bucket');
  return html`≤ ${upperNs < 1e6 ? `${fixed(upperNs / 1e3, 0)}\u00a0µs` : quantity(upperNs / 1e6, 'ms')}`;
}
