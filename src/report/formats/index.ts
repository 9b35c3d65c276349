/** A judged run in the forms that other programs read. */
import type { RunRecord } from '../../record/index.js';
import { renderJunit } from '../junit.js';
import { renderMarkdown } from '../markdown.js';
import { renderAnnotations } from './annotations.js';
import { renderBencher } from './bencher.js';
import { renderCsv } from './csv.js';
import { renderGithubBenchmark } from './github-benchmark.js';
import { renderOpenMetrics } from './openmetrics.js';

const RENDERERS = {
  markdown: renderMarkdown,
  junit: renderJunit,
  annotations: renderAnnotations,
  csv: renderCsv,
  bmf: renderBencher,
  'github-benchmark': (run: RunRecord) => renderGithubBenchmark(run, 'lower'),
  'github-benchmark-bigger': (run: RunRecord) => renderGithubBenchmark(run, 'higher'),
  openmetrics: renderOpenMetrics,
} as const;
export type ReportFormat = keyof typeof RENDERERS;

export const REPORT_FORMATS = Object.keys(RENDERERS) as ReportFormat[];

/** A judged run as text in one of the forms, ending with a line's end. */
export function renderAs(format: ReportFormat, run: RunRecord): string {
  return RENDERERS[format](run);
}
