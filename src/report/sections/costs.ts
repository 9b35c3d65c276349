/** CPU, context switches and garbage collection: what a request costs the machine. */
import { METRICS, type MetricName, type RunRecord } from '../../record/index.js';
import { levelOf } from '../charts.js';
import { cpuByProcess, cpuHopBars, rolesOf } from '../cost-bars.js';
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
export function cpu({ run, windows }: View): Section {
  const track = run.variants.map(({ id }) => levelOf(run, id, 'cpu.per_request')?.track).find(Boolean);
  return {
    id: 'cpu',
    title: 'CPU per request',
    body: html`<p>The data plane’s own processes, by their own CPU clock${
      track === undefined ? null : `, decided by ${track === 'micro' ? 'many short slices' : 'long slices'}`
    }. The user and system split and the whole machine come from long slices only. The machine’s figure holds the service, the generator, soft interrupts and kernel workers too: it is what keeps a variant that works in the kernel from looking free.</p>
${chart('cpu', 'Stacked bar chart of CPU per request: user, system and elsewhere on the machine. The table below holds the numbers.', 'user time is the proxy’s own code and its collector, system time is what it asks of the kernel. The hatched part is the rest of the machine, service and generator included: a variant that only moves work there makes its own bar shorter and the hatched part longer.')}
${cpuHops(windows, run)}
${levelsTable(run, CPU, 'CPU per request, with its interval')}`,
  };
}

/** Which of the path's processes the CPU belongs to; nothing where each variant has one or none. */
function cpuHops(windows: View['windows'], run: RunRecord) {
  const cpuOf = (id: string) => levelOf(run, id, 'cpu.per_request')?.value ?? null;
  if (cpuHopBars(windows, cpuOf) === null) return null;
  const roles = rolesOf(windows);
  return html`${chart('cpu-hops', 'Stacked bar chart of CPU per request by the process that used it. The table below holds the numbers.', 'sidecars that do the same cost about the same. One that stands out does more: it encrypts, checks a policy, or opens connections.')}
${table({
  caption: 'CPU per request by process: the whole, shared out by the processes’ own clocks',
  columns: [{ label: 'Variant', text: true }, ...roles.map((role) => ({ label: role }))],
  rows: windows.map((own) => {
    const split = new Map(cpuByProcess(own, cpuOf).map(({ role, micros }) => [role, micros]));
    return [
      name(own.id),
      ...roles.map((role) => {
        const micros = split.get(role);
        return micros === undefined ? missing(null) : quantity(micros, 'µs');
      }),
    ];
  }),
})}`;
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
${chart('switches', 'Stacked bar chart of context switches per request, voluntary and involuntary. The table below holds the numbers.', 'fewer voluntary switches mean that work is handed on less, or waited for in batches; many involuntary ones mean that cores were short, and that latencies hold a wait for them.')}
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
<div class="pair">${chart('allocation', 'Bar chart of allocated bytes per request. The table below holds the numbers.', 'the shorter the bar, the less there is to collect; a long bar with few collections only means a large heap.')}${chart('pauses', 'Line chart of how many collection pauses are at least so long, per 1,000 cycles. The table below holds their 99th percentile.', 'a curve further left has shorter pauses. Pauses far below the latencies of the tail cannot be what makes it: then look at the section on the tail.')}</div>
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
