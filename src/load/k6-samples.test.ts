import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createK6Reader, type K6Sample } from './k6-samples.js';

/** What k6 1.8.1 wrote of two answers, a stall and what it made late, a 503, a refusal, and a connection closed on it. */
const captured = readFileSync(join(import.meta.dirname, 'testing', 'k6-output.jsonl'), 'utf8')
  .trimEnd()
  .split('\n');

function samplesOf(lines: readonly string[]): K6Sample[] {
  const read = createK6Reader();
  return lines.flatMap((line) => read(line) ?? []);
}

describe('reading what k6 writes', () => {
  const samples = samplesOf(captured);
  const requests = samples.flatMap((sample) => (sample.type === 'request' ? [sample] : []));

  it('finds one sample for each request, in order, with what it failed of', () => {
    expect(requests.map(({ error }) => error?.cause ?? null)).toEqual([
      null,
      'timeout',
      'status',
      'connect',
      'reset',
    ]);
    expect(requests.map(({ error }) => error?.message ?? null)).toEqual([
      null,
      'request timeout',
      'status 503',
      'dial: connection refused',
      'EOF',
    ]);
  });

  it('times a request from asking for a connection, to the microsecond of its end', () => {
    const [first] = requests;
    expect(first?.latencyNs).toBeCloseTo((4.209061 + 0.467781) * 1e6, 0);
    expect(first?.atMicros).toBe(Date.parse('2026-11-26T12:45:33.441Z') * 1000 + 546);
  });

  it('counts what was due and never sent, and the bytes that came', () => {
    const dropped = samples.flatMap((sample) => (sample.type === 'dropped' ? [sample.iterations] : []));
    const bytes = samples.flatMap((sample) => (sample.type === 'received' ? [sample.bytes] : []));
    expect(dropped).toEqual([1]);
    expect(bytes).toEqual([113]);
  });

  it('takes times of any zone and of any number of digits', () => {
    const at = (time: string) => {
      const line = `{"metric":"data_received","type":"Point","data":{"time":"${time}","value":1,"tags":{}}}`;
      return samplesOf([line])[0]?.atMicros;
    };
    const second = Date.parse('2026-11-26T12:45:33Z') * 1000;
    expect(at('2026-11-26T12:45:33Z')).toBe(second);
    expect(at('2026-11-26T14:45:33.5+02:00')).toBe(second + 500_000);
    expect(at('2026-11-26T12:45:33.000007123Z')).toBe(second + 7);
  });

  it('tells a missing local port from a target that refuses', () => {
    const tags =
      '{"error":"dial: connect: cannot assign requested address","error_code":"1210","status":"0"}';
    const line = (metric: string) =>
      `{"metric":"${metric}","type":"Point","data":{"time":"2026-11-26T12:45:33Z","value":0,"tags":${tags}}}`;
    const [request] = samplesOf([line('http_req_duration'), line('http_req_blocked')]);
    expect(request).toMatchObject({ error: { cause: 'connect', portsExhausted: true } });
  });

  it('passes over what is no sample, and refuses parts of one', () => {
    const blocked = captured.find((line) => line.startsWith('{"metric":"http_req_blocked"')) ?? '';
    expect(samplesOf(['Flag --one has been deprecated, use --other instead'])).toEqual([]);
    expect(() => samplesOf([blocked])).toThrow(/without the request/);
    expect(() => samplesOf([blocked.slice(0, 60)])).toThrow(/cannot be read/);
  });
});
