/** The HTML report: one file that needs nothing but itself, and cannot reach anything else. */
import { chartData } from './charts.js';
import { embeddedJson, html, shortened } from './html.js';
import { pageMarkup } from './page-shell.js';
import { packRawData } from './raw-data.js';
import { ablation } from './sections/ablation.js';
import { audit } from './sections/audit.js';
import { beside } from './sections/beside.js';
import { cpu, garbage, switches } from './sections/costs.js';
import { duties } from './sections/duties.js';
import { explanations } from './sections/explanations.js';
import { gcTail } from './sections/gc-tail.js';
import { handshakes } from './sections/handshakes.js';
import { headline } from './sections/headline.js';
import { history } from './sections/history.js';
import { hopSplit } from './sections/hop-split.js';
import { latency } from './sections/latency.js';
import { loadAgents } from './sections/load-agents.js';
import { narrowing } from './sections/narrowing.js';
import { offload } from './sections/offload.js';
import { machine, rawData, scenario } from './sections/origin.js';
import { overhead } from './sections/overhead.js';
import { witnesses } from './sections/proof.js';
import { rates } from './sections/rates.js';
import { sliceStrip } from './sections/slices.js';
import { surprises } from './sections/surprises.js';
import { why } from './sections/why.js';
import { type ReportInput, type Section, type View, viewOf } from './view.js';

export interface ReportAssets {
  /** The bundled script; runs without modules, imports or network. */
  readonly script: string;
  readonly style: string;
}

/**
 * The whole report as one HTML document. Pure: equal input gives equal text. Everything essential is in the
 * markup, the script only draws charts beside the tables. Throws RangeError when a histogram of the record
 * cannot be decoded.
 */
export function renderHtml(input: ReportInput, assets: ReportAssets): string {
  const view = viewOf(input);
  const raw = packRawData(view.run, view.figures);
  const sections = [...sectionsOf(view), rawData(raw)].filter((section) => section.body !== null);
  return pageMarkup({
    title: view.run.scenario.name,
    made: html`Made by meshmark ${view.run.meshmarkVersion} from run <code>${shortened(view.run.runId)}</code>.`,
    top: headline(view),
    sections,
    data: html`<script type="application/json" id="chart-data">${embeddedJson(chartData(view.run, view.figures, view.windows))}</script>
<script type="application/json" id="raw-data">${embeddedJson({ name: `${fileStem(view.run.runId)}.json`, sha256: raw.sha256, gzipBase64: raw.base64 })}</script>`,
    style: assets.style,
    script: assets.script,
  });
}

function sectionsOf(view: View): readonly Section[] {
  const proof = [
    explanations(view),
    duties(view),
    witnesses(view),
    audit(view),
    machine(view),
    scenario(view),
  ];
  // A sweep or a search has steps at rates of their own and no slices, of which everything else tells.
  if (view.run.planned.steps !== undefined) return [rates(view), ...proof];
  return [
    narrowing(view),
    surprises(view),
    why(view),
    overhead(view),
    ablation(view),
    latency(view),
    hopSplit(view),
    sliceStrip(view),
    loadAgents(view),
    cpu(view),
    offload(view),
    switches(view),
    garbage(view),
    gcTail(view),
    handshakes(view),
    beside(view),
    history(view),
    ...proof,
  ];
}

function fileStem(runId: string): string {
  const safe = runId.replace(/[^\w.-]+/g, '-').slice(0, 80);
  return safe === '' ? 'meshmark-run' : `meshmark-${safe}`;
}
