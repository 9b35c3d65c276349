/** Where the load came from many machines: what each agent saw, beside all of them together. */
import { count, quantity } from '../format.js';
import { html, name } from '../html.js';
import { type AgentFigures, agentFigures } from '../load-agents.js';
import { missing, table } from '../tables.js';
import type { Section, View } from '../view.js';

/** More agents than this are told as one. */
const MOST_LISTED = 40;

/** A row for each agent of each variant; left out where every variant had one generator. */
export function loadAgents({ slices }: View): Section {
  const id = 'load-agents';
  const title = 'Load agents';
  const all = agentFigures(slices);
  if (all.length === 0) return { id, title, body: null };
  const listed = all.filter(({ agent }) => agent === null || agent < MOST_LISTED);
  const lost = all.filter((one) => one.agent !== null && one.lost > 0);
  const ms = (value: number | null) => (value === null ? missing(null) : quantity(value, 'ms'));
  return {
    id,
    title,
    body: html`<p>Several generators made each variant’s load, from pods of their own. Each sent its part of one schedule, begun at one moment by clocks that were compared; every figure of this report is of all of them together, from histograms that were added up and not averaged. A slice that one of them was lost in has failed, and is in no verdict.</p>
${lost.length === 0 ? html`<p>Every agent answered in every long slice.</p>` : html`<p><b>Lost:</b> ${lost.map((one, index) => html`${index === 0 ? '' : '; '}agent ${nameOf(one)} of ${name(one.variant)} in ${count(one.lost)} of its ${count(one.slices)} slices`)}.</p>`}
${table({
  caption: 'Long slices by agent: slices answered in, requests and latency in those that count',
  columns: [
    { label: 'Variant', text: true },
    { label: 'Agent', text: true },
    { label: 'Node', text: true },
    { label: 'answered' },
    { label: 'requests' },
    { label: 'failed' },
    { label: 'p50' },
    { label: 'p99' },
    { label: 'send lag p99' },
    { label: 'began late by at most' },
    { label: 'clock known within' },
  ],
  rows: listed.map((one) => [
    name(one.variant),
    one.agent === null ? html`<b>together</b>` : nameOf(one),
    one.nodes.join(', '),
    `${count(one.answered)} of ${count(one.slices)}`,
    count(one.requests),
    count(one.errors),
    ms(one.p50Ms),
    ms(one.p99Ms),
    ms(one.lagP99Ms),
    ms(one.latestMs),
    ms(one.clockMs),
  ]),
})}
${listed.length === all.length ? null : html`<p>${count(all.length - listed.length)} more agents are in <code>slices.jsonl</code>.</p>`}`,
  };
}

/** People count from 1. */
function nameOf({ agent }: AgentFigures): string {
  return String((agent ?? 0) + 1);
}
