import { describe, expect, it } from 'vitest';
import { METRICS, type RunRecord } from '../../record/index.js';
import { sampleRun } from '../testing/sample-run.js';
import { REPORT_FORMATS, renderAs } from './index.js';

const { run } = sampleRun({ rounds: 4 });
const HOSTILE = '=1+1",\n::error::x%0A\u202e\\"{}\u0000';
const hostile: RunRecord = { ...run, scenario: { ...run.scenario, name: HOSTILE, path: HOSTILE } };

/** Rows of RFC 4180, by its grammar. */
function csvRows(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (end === '' && (bare ?? '') === '' && quoted === undefined) break;
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

describe('every form', () => {
  it.each(REPORT_FORMATS)(
    '%s ends with a line’s end and shows no control character of a hostile name',
    (format) => {
      const text = renderAs(format, hostile);
      expect(text.endsWith('\n')).toBe(true);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      expect(text).not.toMatch(/[\u0000\u202e]/);
    },
  );
});

describe('CSV', () => {
  it('has a row for each level and effect, all with the same columns', () => {
    const [head = [], ...rows] = csvRows(renderAs('csv', run));
    const { levels = [], effects = [], besideEffects = [] } = run.analysis ?? {};
    expect(rows).toHaveLength(levels.length + effects.length + besideEffects.length);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([head.length]));
    const read = rows.map((row) => Object.fromEntries(head.map((name, index) => [name, row[index]])));
    const effect = effects.find(
      ({ metric, candidate }) => metric === 'cpu.per_request' && candidate === 'my-proxy',
    );
    expect(
      read.find(
        ({ type, metric, variant }) =>
          type === 'effect' && metric === 'cpu.per_request' && variant === 'my-proxy',
      ),
    ).toMatchObject({
      value: String(effect?.ratio),
      low: String(effect?.low),
      difference: String(effect?.difference),
      unit: 'µs',
      verdict: 'worse',
      gated: 'true',
      gate: 'fail',
    });
  });

  it('leaves what is not known empty', () => {
    const text = renderAs('csv', run);
    expect(text).not.toMatch(/\b(null|undefined|NaN)\b/);
  });

  it('gives a spreadsheet no formula, and keeps a line’s end within its cell', () => {
    const [head = [], first = []] = csvRows(renderAs('csv', hostile));
    expect(first[head.indexOf('scenario')]).toMatch(/^'=1\+1",\n/);
    expect(first).toHaveLength(head.length);
  });
});

describe('Bencher Metric Format', () => {
  it('has a value for each measured variant and metric, within its ends, under a slug', () => {
    const benchmarks = JSON.parse(renderAs('bmf', run)) as Record<
      string,
      Record<string, { value: number; lower_value?: number; upper_value?: number }>
    >;
    expect(Object.keys(benchmarks)).toContain(`${run.scenario.name}/plain`);
    for (const measures of Object.values(benchmarks)) {
      for (const [slug, { value, lower_value = value, upper_value = value }] of Object.entries(measures)) {
        expect(slug).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
        expect(lower_value).toBeLessThanOrEqual(value);
        expect(upper_value).toBeGreaterThanOrEqual(value);
      }
    }
  });
});

describe('JSON for github-action-benchmark', () => {
  it('parts the metrics by what is better, since a file has one direction', () => {
    const labels = (format: 'github-benchmark' | 'github-benchmark-bigger') =>
      (
        JSON.parse(renderAs(format, run)) as { name: string; unit: string; value: number; extra: string }[]
      ).map(({ name, extra }) => [name, extra.split(';')[0] ?? ''] as const);
    const metricsOf = (entries: (readonly [string, string])[]) =>
      new Set(entries.map(([, metric]) => metric));
    for (const metric of metricsOf(labels('github-benchmark'))) {
      expect(METRICS[metric as keyof typeof METRICS].goodness).toBe('lower');
    }
    expect(labels('github-benchmark-bigger')).toEqual([]);
    const levels = run.analysis?.levels.map((level) => ({ ...level, metric: 'throughput' as const })) ?? [];
    const faster = { ...run, analysis: run.analysis === null ? null : { ...run.analysis, levels } };
    const [bigger] = JSON.parse(renderAs('github-benchmark-bigger', faster));
    expect(bigger).toMatchObject({ unit: 'requests/s', name: expect.stringContaining('throughput') });
    expect(JSON.parse(renderAs('github-benchmark', faster))).toEqual([]);
    const names = labels('github-benchmark').map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain(`${run.scenario.name}: plain, CPU per request`);
  });
});

describe('OpenMetrics', () => {
  const lines = renderAs('openmetrics', run).trimEnd().split('\n');

  it('declares each family once, before its samples, and ends as the specification wants', () => {
    expect(lines.at(-1)).toBe('# EOF');
    const declared = lines.flatMap((line) => /^# TYPE (\S+) /.exec(line)?.[1] ?? []);
    expect(new Set(declared).size).toBe(declared.length);
    let family = '';
    for (const line of lines.slice(0, -1)) {
      family = /^# TYPE (\S+) /.exec(line)?.[1] ?? family;
      const name = /^(?:# (?:TYPE|UNIT|HELP) )?([a-zA-Z0-9_:]+)/.exec(line)?.[1];
      expect([family, `${family}_info`]).toContain(name);
    }
  });

  it('tells figures in base units, whose name ends the family’s', () => {
    const level = run.analysis?.levels.find(
      ({ variant, metric, track }) =>
        variant === 'plain' && metric === 'cpu.per_request' && track !== 'cross-check',
    );
    const scenario = run.scenario.name;
    const labels = `{scenario="${scenario}",variant="plain",bound="value"}`;
    expect(lines).toContain(`meshmark_cpu_per_request_seconds${labels} ${(level?.value ?? 0) / 1e6}`);
    for (const [, family, unit] of lines.join('\n').matchAll(/^# UNIT (\S+) (\S+)$/gm)) {
      expect(family?.endsWith(`_${unit}`)).toBe(true);
    }
    expect(lines.join('\n')).toContain('# TYPE meshmark_alloc_per_request_bytes gauge');
  });

  it('has the gate as a state set of which one state is on', () => {
    const on = lines.filter((line) => /^meshmark_gate\{.*\} 1$/.test(line));
    expect(on).toHaveLength(run.analysis?.gate.length ?? 0);
    expect(on.join('\n')).toMatch(/candidate="my-proxy".*meshmark_gate="fail"/);
  });

  it('keeps a hostile name within its quotes', () => {
    for (const line of renderAs('openmetrics', hostile).trimEnd().split('\n')) {
      expect(line).toMatch(/^(# |[a-z_0-9]+\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\} [-0-9.e+]+$)/);
    }
  });
});

describe('annotations', () => {
  it('are an error where the gate failed, a warning for a doubt, a notice where it passed, at the gate’s line', () => {
    const text = renderAs('annotations', run);
    const line = run.scenario.text.split('\n').findIndex((one) => one.startsWith('gate:')) + 1;
    expect(text).toContain(
      `::error file=${run.scenario.path},line=${Math.max(1, line)},title=CPU per request%3A my-proxy against plain::`,
    );
    expect(text).toMatch(/^::warning .*title=This run is suspect::/m);
    expect(text).toMatch(/^::notice .*title=CPU per request%3A pooled-buffer against plain::The interval /m);
  });

  it('are one command a line, whatever a name holds', () => {
    for (const line of renderAs('annotations', hostile).trimEnd().split('\n')) {
      expect(line).toMatch(/^::(error|warning|notice) file=[^:,]*,line=\d+,title=[^:,]*::/);
    }
  });

  it('say how many more there are where GitHub would drop them', () => {
    const [result] = run.analysis?.gate.filter(({ outcome }) => outcome === 'fail') ?? [];
    if (run.analysis === null || result === undefined) throw new Error('the sample has no failed rule');
    const gate = Array.from({ length: 25 }, () => result);
    const errors = renderAs('annotations', { ...run, analysis: { ...run.analysis, gate } })
      .split('\n')
      .filter((line) => line.startsWith('::error'));
    expect(errors).toHaveLength(10);
    expect(errors.at(-1)).toContain('title=16 more::16 more are in the report.');
  });
});
