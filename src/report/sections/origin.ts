/** Where the numbers come from: the machine, the scenario, the command that repeats it, and the data itself. */
import { quantity } from '../format.js';
import { type Html, html, name } from '../html.js';
import type { RawData } from '../raw-data.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';
import { repeatCommand } from '../words.js';

/** The machine, and what kept things apart on it. */
export function machine({ run }: View): Section {
  const { machine: info, isolation } = run;
  const cores = (list: readonly number[]) => (list.length === 0 ? 'not pinned' : list.join(', '));
  return {
    id: 'machine',
    title: 'Machine and isolation',
    body: html`${definitions([
      ['Processor', `${info.cpuModel}, ${info.cores} cores`],
      ['Memory', quantity(info.memoryBytes, 'bytes')],
      ['System', `${info.platform} ${info.kernel}, ${info.arch}`],
      ['Host', info.hostname],
      ['Virtualised', info.virtualised ?? missing(null)],
      ['CPU governor', info.governor ?? missing(null)],
      [
        'Load before',
        info.loadAverage.length === 0
          ? missing('not read on nodes')
          : info.loadAverage.map((load) => load.toFixed(2)).join(', '),
      ],
      [
        'Clock ticks',
        info.clockTicksPerSecond === null ? missing(null) : `${info.clockTicksPerSecond} per second`,
      ],
      ['Interrupt time', info.interruptAccounting],
      ['Node', info.nodeVersion],
      ['Go', info.goVersion ?? missing(null)],
      ['Generator’s cores', cores(isolation.generatorCores)],
      ['Data plane’s cores', cores(isolation.dataPlaneCores)],
      [
        'Kept from halting',
        isolation.keptAwake.length === 0
          ? 'no core'
          : `${cores(isolation.keptAwake)} (by an idle-priority loop)`,
      ],
      ['Control groups', isolation.cgroups ?? missing(null)],
      ['Fingerprint', html`<code>${info.fingerprint}</code>`],
    ])}
${placement(run)}
${
  isolation.notIsolated.length === 0
    ? null
    : html`<h3>Not isolated</h3><ul>${isolation.notIsolated.map((sentence) => html`<li>${sentence}</li>`)}</ul>`
}
${
  Object.keys(info.binaries).length === 0
    ? null
    : table({
        caption: 'SHA-256 of every binary in the path',
        columns: [
          { label: 'Binary', text: true },
          { label: 'SHA-256', text: true },
        ],
        rows: Object.entries(info.binaries).map(([binary, digest]) => [
          name(binary),
          html`<code>${digest}</code>`,
        ]),
      })
}`,
  };
}

/** Where in a cluster everything ran; nothing where that was this machine. */
function placement({ cluster }: View['run']): Html | null {
  if (cluster === undefined) return null;
  const { context, version, image, imageIds, run: mark, nodes, pods, leftOut } = cluster;
  return html`<h3>Cluster</h3>
${definitions([
  ['Context', html`<code>${context}</code>`],
  ['Kubernetes', version],
  ['Image', html`<code>${image}</code>`],
  ['Made from', html`${imageIds.map((id) => html`<code>${id}</code> `)}`],
  ['Marked there by', html`<code>meshmark.dev/run=${mark}</code>`],
])}
${table({
  caption: 'Where it ran',
  columns: [
    { label: 'Variant', text: true },
    { label: 'Side', text: true },
    { label: 'Node', text: true },
    { label: 'Containers', text: true },
    { label: 'Sets of fresh processes' },
  ],
  rows: pods.map(({ variant, side, node, roles, times }) => [
    name(variant),
    side,
    name(node),
    roles.join(', '),
    String(times),
  ]),
})}
${table({
  caption: 'Nodes',
  columns: [
    { label: 'Node', text: true },
    { label: 'Processor', text: true },
    { label: 'Cores' },
    { label: 'Memory' },
    { label: 'Kernel', text: true },
  ],
  rows: nodes.map(({ name: node, cpuModel, cores, memoryBytes, kernel }) => [
    name(node),
    cpuModel ?? missing(null),
    String(cores),
    memoryBytes === null ? missing(null) : quantity(memoryBytes, 'bytes'),
    kernel ?? missing(null),
  ]),
})}
${leftOut.length === 0 ? null : html`<p>Left out: ${leftOut.join('; ')}.</p>`}`;
}

function definitions(entries: readonly (readonly [string, Html | string])[]): Html {
  return html`<dl>${entries.map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** The variants as they were resolved, the scenario's text, and how to run it again. */
export function scenario({ run }: View): Section {
  return {
    id: 'scenario',
    title: 'Scenario, and how to repeat it',
    body: html`<p>The same seed draws the same blocks and the same arrivals:</p>
<pre class="command" tabindex="0"><code>${repeatCommand(run)}</code></pre>
${definitions([
  ['Seed', html`<code>${run.seed}</code>`],
  ['Run', html`<code>${run.runId}</code>`],
  ['meshmark', run.meshmarkVersion],
])}
${table({
  caption: 'Variants as they were resolved',
  columns: [
    { label: 'Variant', text: true },
    { label: 'Kind', text: true },
    { label: 'What it is', text: true },
    { label: 'Options', text: true },
    { label: 'Status', text: true },
  ],
  rows: run.variants.map((variant) => [
    name(variant.id),
    name(variant.kind),
    variant.description,
    Object.keys(variant.options).length === 0
      ? missing(null)
      : html`${Object.entries(variant.options).map(([key, value]) => html`<code>${key}: ${String(value)}</code> `)}`,
    `${variant.status.replace('-', ' ')}${variant.reason === null ? '' : `: ${variant.reason}`}`,
  ]),
})}
<details><summary>The scenario’s text <small>(${name(run.scenario.path)})</small></summary><pre tabindex="0"><code>${run.scenario.text}</code></pre></details>`,
  };
}

/** The embedded data and its digest. */
export function rawData(raw: RawData): Section {
  return {
    id: 'raw',
    title: 'Raw data',
    body: html`<p>This file carries the run’s record and every slice: counts, CPU, errors and the p50, p99 and maximum of each, with the merged histogram of every variant and track. The full histogram of each slice is in <code>slices.jsonl</code> of the run folder.</p>
<p class="download" hidden><button type="button" id="download">Download as JSON</button> <span id="download-note" role="status"></span></p>
${definitions([
  ['Slices', String(raw.slices)],
  [
    'Size',
    `${quantity(raw.jsonBytes, 'bytes')}, ${quantity(raw.base64.length, 'bytes')} embedded (gzip, base64)`,
  ],
  ['SHA-256 of the JSON', html`<code>${raw.sha256}</code>`],
])}`,
  };
}
