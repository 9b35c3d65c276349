/** A run as OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/), to be pushed or scraped. */
import { METRICS, type MetricInfo, type MetricName, type RunRecord } from '../../record/index.js';
import { visibleText } from '../html.js';
import { analysisOf } from '../view.js';
import { decidingFigures, type Figure } from './figures.js';

/** Base units, as the specification wants them; and by what a value in the metric's own is divided. */
const UNITS: Readonly<
  Record<MetricInfo['unit'], { readonly name: string | null; readonly divisor: number }>
> = {
  ms: { name: 'seconds', divisor: 1e3 },
  µs: { name: 'seconds', divisor: 1e6 },
  bytes: { name: 'bytes', divisor: 1 },
  fraction: { name: 'ratio', divisor: 1 },
  'requests/s': { name: null, divisor: 1 },
  objects: { name: null, divisor: 1 },
  count: { name: null, divisor: 1 },
};

const OUTCOMES = ['pass', 'fail', 'undecided'] as const;
const BOUNDS = ['value', 'low', 'high'] as const;

/**
 * A gauge for each metric, with its value and the ends of its interval told apart by the label `bound`; `meshmark_effect_ratio` of
 * each pair; the gate as a state set; and the run as an info. Ends with `# EOF`.
 */
export function renderOpenMetrics(run: RunRecord): string {
  const figures = decidingFigures(run);
  const metrics = [...new Set(figures.map(({ metric }) => metric))];
  return [
    ...runInfo(run),
    ...metrics.flatMap((metric) =>
      gauge(
        run,
        metric,
        figures.filter((figure) => figure.metric === metric),
      ),
    ),
    ...effects(run),
    ...gate(run),
    '# EOF',
    '',
  ].join('\n');
}

function runInfo(run: RunRecord): string[] {
  const labels = labelled({
    run: run.runId,
    scenario: run.scenario.name,
    version: run.meshmarkVersion,
    machine: run.machine.fingerprint,
    state: run.state,
    validity: analysisOf(run).validity.status,
    ...(run.against === undefined ? {} : { commit: run.against.own.commit, against: run.against.commit }),
  });
  return [
    ...head('meshmark_run', 'info', null, 'The run that these figures are of.'),
    `meshmark_run_info${labels} 1`,
  ];
}

function gauge(run: RunRecord, metric: MetricName, figures: readonly Figure[]): string[] {
  const { unit, definition } = METRICS[metric];
  const { name: unitName, divisor } = UNITS[unit];
  const name = familyName(metric, unitName);
  return [
    ...head(name, 'gauge', unitName, definition),
    ...figures.flatMap((figure) =>
      BOUNDS.flatMap((bound) => {
        const value = figure[bound];
        if (value === null) return [];
        return [
          `${name}${labelled({ scenario: run.scenario.name, variant: figure.variant, bound })} ${value / divisor}`,
        ];
      }),
    ),
  ];
}

/** `alloc.bytes_per_request` in bytes is `meshmark_alloc_per_request_bytes`: the unit stands at the end, and once. */
function familyName(metric: MetricName, unit: string | null): string {
  const words = metric.split(/[._]/).filter((word) => word !== unit);
  return ['meshmark', ...words, ...(unit === null ? [] : [unit])].join('_');
}

function effects(run: RunRecord): string[] {
  const name = 'meshmark_effect_ratio';
  const scenario = run.scenario.name;
  const samples = analysisOf(run).effects.flatMap(
    ({ metric, candidate, baseline, ratio, low, high, verdict }) =>
      Object.entries({ value: ratio, low, high }).flatMap(([bound, value]) =>
        value === null
          ? []
          : [`${name}${labelled({ scenario, metric, candidate, baseline, verdict, bound })} ${value}`],
      ),
  );
  if (samples.length === 0) return [];
  return [...head(name, 'gauge', 'ratio', 'The candidate’s value over the baseline’s.'), ...samples];
}

function gate(run: RunRecord): string[] {
  const { gate: results } = analysisOf(run);
  if (results.length === 0) return [];
  const scenario = run.scenario.name;
  return [
    ...head('meshmark_gate', 'stateset', null, 'What the gate said of a candidate.'),
    ...results.flatMap(({ metric, candidate, baseline, outcome, limit }) =>
      OUTCOMES.map((state) => {
        const labels = { scenario, metric, candidate, baseline, limit, meshmark_gate: state };
        return `meshmark_gate${labelled(labels)} ${state === outcome ? 1 : 0}`;
      }),
    ),
  ];
}

function head(name: string, type: string, unit: string | null, help: string): string[] {
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === null ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escaped(help)}`,
  ];
}

function labelled(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([key, value]) => `${key}="${escaped(value)}"`)
    .join(',')}}`;
}

function escaped(text: string): string {
  return visibleText(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
