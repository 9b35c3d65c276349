import { describe, expect, it } from 'vitest';
import { prometheusCounters } from './foreign-counters.js';
import { parsePrometheus, parseSelector, sumOf } from './prometheus.js';

/** From the format's own documentation, with a value that is no number and one that is infinite. */
const TEXT = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero",} +Inf -3982045
nothing_yet NaN
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
`;

describe('Prometheus text', () => {
  it('is read sample by sample, with escapes and without timestamps', () => {
    const samples = parsePrometheus(TEXT);
    expect(samples).toHaveLength(10);
    expect(samples[0]).toEqual({
      name: 'http_requests_total',
      labels: { method: 'post', code: '200' },
      value: 1027,
    });
    expect(samples[2]?.labels).toEqual({
      path: 'C:\\DIR\\FILE.TXT',
      error: 'Cannot find file:\n"FILE.TXT"',
    });
    expect(samples[4]?.value).toBe(Number.POSITIVE_INFINITY);
    expect(samples[5]?.value).toBeNaN();
  });

  it.each([
    'no value',
    'one{} 1 2 3',
    'a{b="c} 1',
    'a{b="\\x"} 1',
    'a{b=c} 1',
    'a{b="c" d="e"} 1',
    'a{b="c",b="d"} 1',
    'a 0x10',
    'a one',
    '1a 1',
    '<html>',
  ])('is refused with the number of the line: %s', (line) => {
    expect(() => parsePrometheus(`fine 1\n${line}`)).toThrow(/line 2/);
  });
});

describe('a selector', () => {
  const sum = (selector: string) => {
    const read = parseSelector(selector);
    if (read === null) throw new Error('no selector');
    return sumOf(parsePrometheus(TEXT), read);
  };

  it('fits every sample of its name that has its labels', () => {
    expect(sum('http_requests_total')).toBe(1030);
    expect(sum('http_requests_total{code="400"}')).toBe(3);
    expect(sum('http_requests_total{ code = "400", method = "post", }')).toBe(3);
    expect(sum('http_request_duration_seconds_count')).toBe(144_320);
    expect(sum('http_request_duration_seconds_bucket{le="0.05"}')).toBe(24_054);
  });

  it('counts 0 where nothing fits: a counter may appear with its first count', () => {
    expect(sum('http_requests_total{code="500"}')).toBe(0);
    expect(sum('http_requests')).toBe(0);
  });

  it.each(['', 'a b', 'a{', 'a{b}', 'a{b="c"} 1', '{b="c"}'])('is nothing else: %s', (text) => {
    expect(parseSelector(text)).toBeNull();
  });
});

describe('counters from Prometheus text', () => {
  it('leave out what is no number', () => {
    const metrics = { requests: ['nothing_yet'], connectionsAccepted: ['http_requests_total'] };
    expect(prometheusCounters(TEXT, metrics)).toEqual({ connectionsAccepted: 1030 });
  });
});
