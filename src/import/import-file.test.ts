import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decodeHistogram, type ImportedResult, importedResult, type MetricName } from '../record/index.js';
import { type ImportFormat, importFile } from './index.js';

const folder = fileURLToPath(new URL('./fixtures/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'meshmark-test-'));

function fixture(name: string): Promise<ImportedResult> {
  return importFile(join(folder, name), 'one', null);
}

/** A file of the given text, read as `format` or as what it is guessed to be. */
function written(text: string, format: ImportFormat | null = null): Promise<ImportedResult> {
  const path = join(scratch, 'given');
  writeFileSync(path, text);
  return importFile(path, 'one', format);
}

function text(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function level(result: ImportedResult, metric: MetricName) {
  return result.levels.find((one) => one.metric === metric);
}

describe('importFile', () => {
  it.each([
    ['fortio.json', 'fortio'],
    ['fortio-faulty.json', 'fortio'],
    ['k6-lines.jsonl', 'k6'],
    ['k6-summary.json', 'k6'],
    ['k6-handled.json', 'k6'],
    ['wrk-latency.txt', 'wrk'],
    ['wrk-plain.txt', 'wrk'],
    ['wrk2.txt', 'wrk2'],
  ])(
    'knows by itself who wrote %s, and says that it has no interval, no CPU and no verdict',
    async (name, tool) => {
      const result = await fixture(name);
      expect(importedResult.parse(result)).toEqual(result);
      expect(result).toMatchObject({ variant: 'one', tool, source: { file: name } });
      const limits = result.limits.join('\n');
      for (const words of ['never a verdict', 'no CPU', 'machine is not known'])
        expect(limits).toContain(words);
      expect(limits.includes('no full histogram')).toBe(name !== 'k6-lines.jsonl');
    },
  );

  it('takes fortio’s percentiles with the edges of the bucket that they were interpolated in', async () => {
    const result = await fixture('fortio.json');
    expect(result).toMatchObject({
      model: 'paced',
      offeredRatePerSecond: 500,
      timedFrom: 'send',
      requests: 1000,
      connections: 4,
      toolVersion: '1.65.0',
    });
    const median = level(result, 'latency.p50');
    expect(median?.value).toBeCloseTo(0.5329, 4);
    expect(median?.within?.low).toBeCloseTo(0.0295, 4);
    expect(median?.within?.high).toBeCloseTo(1, 9);
    expect(level(result, 'latency.p99')?.within).toEqual({ low: 2, high: 3 });
    expect(level(result, 'latency.max')?.value).toBeCloseTo(4.4754, 4);
    expect(level(result, 'throughput')?.value).toBeCloseTo(499.83, 2);
    expect(level(result, 'errors.rate')?.value).toBe(0);
    // One sample of a thousand lies above it.
    expect(level(result, 'latency.p99.9')).toMatchObject({
      value: null,
      reason: expect.stringMatching(/fewer than 10/),
    });
  });

  it('counts what failed, by cause', async () => {
    const fortio = await fixture('fortio-faulty.json');
    expect(fortio.errors).toEqual({ 'code 503': 200 });
    expect(level(fortio, 'errors.rate')?.value).toBe(0.1);
    expect(fortio.model).toBe('closed');
    const wrk = await fixture('wrk-faulty.txt');
    expect(wrk.errors).toEqual({ status: 1584 });
    expect(level(wrk, 'errors.rate')?.value).toBe(0.1);
    const k6 = await fixture('k6-lines.jsonl');
    expect(k6.errors).toEqual({ failed: 4 });
    expect(level(k6, 'errors.rate')?.value).toBe(0.1);
    const summary = await fixture('k6-summary.json');
    expect(summary.errors).toEqual({ failed: 4 });
    const wrk2 = await fixture('wrk2.txt');
    expect(wrk2.errors).toEqual({ read: 2 });
    expect(level(wrk2, 'errors.rate')?.value).toBeCloseTo(2 / 20012, 12);
  });

  it('keeps every request of k6’s lines in a full histogram', async () => {
    const result = await fixture('k6-lines.jsonl');
    const values = text('k6-lines.jsonl')
      .split('\n')
      .filter((line) => line.startsWith('{"metric":"http_req_duration"'))
      .map((line): number => JSON.parse(line).data.value)
      .sort((a, b) => a - b);
    expect(values).toHaveLength(40);
    expect(result.requests).toBe(40);
    if (result.latency.kind !== 'histogram') throw new Error('no histogram');
    expect(decodeHistogram(result.latency.encoded).total).toBe(40);
    const near = (metric: MetricName, expected = Number.NaN) =>
      expect(Math.abs((level(result, metric)?.value ?? 0) / expected - 1), metric).toBeLessThan(0.001);
    near('latency.p50', values[19]);
    near('latency.max', values[39]);
    expect(level(result, 'latency.p90')?.value).toBeNull();
    expect(result.target).toBe('http://127.0.0.1:18080/faulty');
  });

  it('tells what k6’s summaries hold and not what they leave out', async () => {
    const exported = await fixture('k6-summary.json');
    expect(level(exported, 'latency.p50')?.value).toBe(0.1162975);
    expect(exported.seconds).toBeCloseTo(40 / 1649.5, 4);
    const handled = await fixture('k6-handled.json');
    expect(handled).toMatchObject({ model: 'open', errors: { 'dropped iterations': 13 } });
    expect(handled.limits.join()).toMatch(/dropped 13 iterations/);
    expect(level(handled, 'throughput')?.value).toBeCloseTo(387.49, 2);
    const without = await written(
      JSON.stringify({ metrics: { http_req_duration: { med: 1 }, http_reqs: { count: 5000, rate: 100 } } }),
    );
    expect(level(without, 'latency.p99')).toMatchObject({ value: null, reason: 'k6 did not print p99' });
    expect(level(without, 'errors.rate')?.reason).toMatch(/no http_req_failed/);
  });

  it('reads wrk’s latencies in their units, and says that wrk corrected them', async () => {
    const result = await fixture('wrk-latency.txt');
    expect(result).toMatchObject({ model: 'closed', connections: 8, requests: 95652, seconds: 2 });
    expect(level(result, 'latency.p50')?.value).toBeCloseTo(0.123, 9);
    expect(level(result, 'latency.p99')?.value).toBeCloseTo(7.09, 9);
    expect(level(result, 'latency.max')?.value).toBeCloseTo(27.91, 9);
    expect(level(result, 'latency.p99.9')?.reason).toBe('wrk did not print p99.9');
    expect(result.limits[0]).toMatch(/never measured/);
    expect(level(await fixture('wrk-plain.txt'), 'latency.p50')?.reason).toBe('wrk did not print p50');
  });

  it('takes of wrk2’s two distributions the one from the intended time, with its spectrum', async () => {
    const result = await fixture('wrk2.txt');
    expect(result).toMatchObject({ model: 'open', timedFrom: 'intended', requests: 20010, samples: 10000 });
    expect(level(result, 'latency.p50')?.value).toBe(1.132);
    expect(level(result, 'latency.p99')?.value).toBeCloseTo(2.61, 9);
    expect(level(result, 'latency.max')?.value).toBe(9.056);
    expect(result.latency).toMatchObject({
      points: expect.arrayContaining([{ quantile: 0.999023, ns: 4.403e6 }]),
    });
    expect(result.limits.join()).toMatch(/10000 of its 20010 requests/);
  });
});

describe('a file that cannot be imported', () => {
  /** The message without the folder that the test wrote to. */
  const faultOf = async (result: Promise<unknown>) => {
    const fault = await result.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(fault).toMatchObject({ name: 'ImportFault' });
    return fault instanceof Error ? fault.message.replaceAll(`${scratch}/`, '') : '';
  };

  it.each<[string, string, ImportFormat | null, RegExp]>([
    [
      'of nobody known',
      'hello\n',
      null,
      /^given: this is the output of none of fortio, k6, wrk, wrk2; give /,
    ],
    ['with JSON of nobody known', '{"a": 1}', null, /^given: this is the output of none/],
    ['that is no JSON', '{"a": nope}', null, /^given:1:7: not JSON .*; give /],
    [
      'with fortio’s JSON cut off',
      text('fortio.json').slice(0, 900),
      null,
      /^given:\d+:\d+: the file is cut off here; give /,
    ],
    [
      'with buckets that do not add up',
      text('fortio.json').replace('"Count": 963', '"Count": 900'),
      null,
      /^given: its buckets hold 937 of 1000 samples/,
    ],
    [
      'with a field of the wrong kind',
      text('fortio.json').replace('"ActualQPS": 499.8344618239264', '"ActualQPS": "x"'),
      null,
      /^given: "ActualQPS" is not what fortio writes/,
    ],
    [
      'of another tool than was named',
      text('k6-summary.json'),
      'fortio',
      /^given: "RunType" is not what fortio writes .* --format/,
    ],
    [
      'with k6’s lines cut off',
      text('k6-lines.jsonl').slice(0, -120),
      null,
      /^given:\d+(:\d+)?: the (line|file) is cut off/,
    ],
    [
      'with k6’s lines cut off behind a brace',
      `${text('k6-lines.jsonl').split('\n')[0]}\n{"metric":"data_sent","data":{"tags":{}`,
      null,
      /^given:2:\d+: the file is cut off here/,
    ],
    [
      'with damage among k6’s lines',
      text('k6-lines.jsonl').replace('"Point","data"', '"Point"\n"data"'),
      null,
      /^given:\d+: the line is damaged/,
    ],
    [
      'without a request of k6’s',
      text('k6-lines.jsonl').split('\n').slice(0, 1).join('\n'),
      null,
      /holds no http_req_duration/,
    ],
    [
      'with wrk’s output cut off',
      text('wrk-latency.txt').split('\n').slice(0, 7).join('\n'),
      null,
      /^given:7: wrk’s line “… requests in …” is missing, so the output is cut off/,
    ],
    ['with wrk2’s spectrum cut off', text('wrk2.txt').split('\n').slice(0, 24).join('\n'), null, /cut off/],
    [
      'with a line in wrk2’s spectrum that is none',
      text('wrk2.txt').replace('       1.501     0.750000', '  nonsense'),
      null,
      /^given:\d+: this is no line of wrk2's spectrum/,
    ],
  ])('%s has one clear fault', async (_what, content, format, message) => {
    const fault = await faultOf(written(content, format));
    expect(fault).toMatch(message);
    expect(fault).not.toContain('\n');
  });

  it('is empty, a folder or not there', async () => {
    expect(await faultOf(written(''))).toMatch(/^given: it is empty/);
    expect(await faultOf(importFile(scratch, 'one', null))).toMatch(/it is no file/);
    expect(await faultOf(importFile(join(scratch, 'gone'), 'one', null))).toMatch(
      /^gone: there is no such file/,
    );
  });
});
