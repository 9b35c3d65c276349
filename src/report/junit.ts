/** The gate as JUnit XML, the one form of test results that every CI system reads. */
import { type GateResult, METRICS, type RunRecord } from '../record/index.js';
import { visibleText } from './html.js';
import { analysisOf } from './view.js';
import { effectSentence, intervalCoverage, repeatCommand } from './words.js';

/**
 * One test case per gated metric and pair: failed, skipped where the gate could not decide, or passed. What is
 * descriptive stands in `system-out`, a sentence each, so that no CI system counts it as a test. Characters that
 * XML 1.0 forbids are shown by their code point.
 */
export function renderJunit(run: RunRecord): string {
  const analysis = analysisOf(run);
  const of = (outcome: GateResult['outcome']) =>
    analysis.gate.filter((result) => result.outcome === outcome).length;
  const counts = `tests="${analysis.gate.length}" failures="${of('fail')}" errors="0" skipped="${of('undecided')}"`;
  const properties = [
    ['runId', run.runId],
    ['seed', String(run.seed)],
    ['meshmarkVersion', run.meshmarkVersion],
    ['fingerprint', run.machine.fingerprint],
    ['state', run.state],
    ['validity', analysis.validity.status],
    ['repeat', repeatCommand(run)],
  ] as const;
  const lines = [
    `validity: ${analysis.validity.status}`,
    ...analysis.validity.reasons.map((reason) => `  ${reason}`),
    ...run.variants
      .filter((variant) => variant.status !== 'measured')
      .map(
        (variant) =>
          `${variant.id}: ${variant.status}${variant.reason === null ? '' : `: ${variant.reason}`}`,
      ),
    ...analysis.effects.map(
      (effect) =>
        `[${effect.gated ? 'gated' : 'descriptive'}] ${effect.metric}: ${effectSentence(effect, intervalCoverage(effect, run.planned), run.planned.margin)}`,
    ),
  ];
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="meshmark" ${counts} time="${seconds(run)}">
  <testsuite name="${escapeXml(run.scenario.name)}" ${counts} time="${seconds(run)}" timestamp="${escapeXml(run.createdAt)}" hostname="${escapeXml(run.machine.hostname)}">
    <properties>
${properties.map(([key, value]) => `      <property name="${key}" value="${escapeXml(value)}"/>`).join('\n')}
    </properties>
${analysis.gate.map((result) => testCase(run, result)).join('')}    <system-out>${escapeXml(lines.join('\n'))}</system-out>
  </testsuite>
</testsuites>
`;
}

function testCase(run: RunRecord, result: GateResult): string {
  const title = `${METRICS[result.metric].label}: ${result.candidate} against ${result.baseline}, limit ${result.limit}`;
  const open = `    <testcase classname="${escapeXml(`meshmark.${run.scenario.name}.${result.metric}`)}" name="${escapeXml(title)}" time="0"`;
  const explanation = escapeXml(result.explanation);
  switch (result.outcome) {
    case 'pass':
      return `${open}>\n      <system-out>${explanation}</system-out>\n    </testcase>\n`;
    case 'fail':
      return `${open}>\n      <failure type="regression" message="${explanation}">${explanation}</failure>\n    </testcase>\n`;
    case 'undecided':
      return `${open}>\n      <skipped message="${explanation}"/>\n    </testcase>\n`;
  }
}

function seconds(run: RunRecord): string {
  if (run.finishedAt === null) return '0';
  const elapsed = (Date.parse(run.finishedAt) - Date.parse(run.createdAt)) / 1000;
  return Number.isFinite(elapsed) && elapsed >= 0 ? elapsed.toFixed(3) : '0';
}

/** Text for XML content and quoted attributes. */
function escapeXml(text: string): string {
  return visibleText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&apos;');
}
