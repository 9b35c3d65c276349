/** What a client can be told to send, end to end. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRun } from '../record/index.js';
import { meshmark, scenarioFile, scratchFolder } from './command-line.js';

describe('a mix of requests', () => {
  const scenario = scenarioFile(`schema: meshmark.scenario/1
name: mix
workload:
  responseBytes: 4KiB
  connections: 4
  requests:
    - {weight: 3, path: /items?limit=2, headers: {accept: application/json}}
    - {path: /orders, bodyFile: order.json}
    - {method: PUT, path: /files/a, bodyBytes: 300KiB}
    - {method: HEAD, path: /files/a}
slices: {blocks: 1, micro: {requests: 200, warmup: 50, perRound: 2s}}
variants: [{id: direct}, {id: plain}, {id: lean}, {id: mesh-duties}, {id: node-plain}]
baseline: plain
`);

  it('is refused where a body’s file is not there, by line and mend', async () => {
    const { exitCode, stderr, stdout } = await meshmark(['validate', scenario]);
    expect(exitCode).toBe(2);
    expect(stdout + stderr).toContain(
      ':8:33 `workload.requests[1].bodyFile`: `order.json` is not there; name a file from where the scenario is',
    );
  });

  it('reaches the service through every kind of sidecar, and is kept with the digests of its bodies', async () => {
    writeFileSync(join(dirname(scenario), 'order.json'), 'abc');
    const out = join(scratchFolder(), 'run');
    const { exitCode, stderr } = await meshmark(['run', scenario, '--out', out]);
    expect([0, 3], stderr).toContain(exitCode);
    const { run, slices } = readRun(out);
    expect(
      run.requests?.map(({ weight, method, path, body }) => [weight, method, path, body?.bytes]),
    ).toEqual([
      [3, 'GET', '/items?limit=2', undefined],
      [1, 'POST', '/orders', 3],
      [1, 'PUT', '/files/a', 307_200],
      [1, 'HEAD', '/files/a', undefined],
    ]);
    // FIPS 180-2, appendix B.1.
    expect(run.requests?.[1]?.body).toEqual({
      bytes: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      file: 'order.json',
    });
    expect(run.variants.map(({ id, status }) => [id, status])).toEqual(
      ['direct', 'plain', 'lean', 'mesh-duties', 'node-plain'].map((id) => [id, 'measured']),
    );
    const errors = slices.flatMap((slice) => Object.values(slice.errors)).reduce((sum, one) => sum + one, 0);
    expect(errors).toBe(0);
    // A sidecar that dropped bodies, or a path, would answer otherwise than the service does alone.
    const bodies = run.parity.filter(({ property }) => property.endsWith('body sha256'));
    expect(bodies.map(({ equal }) => equal)).toEqual([true, true, true, true]);
  });
});

describe('slow clients', () => {
  it('read beside the others, no faster than their rate, and are counted apart', async () => {
    const scenario = scenarioFile(`schema: meshmark.scenario/1
name: slow
workload: {responseBytes: 32KiB, connections: 10, slowClients: {share: 20%, readRate: 128KiB/s}}
load: {model: open, rate: 100/s, arrivals: constant}
slices: {duration: 1s, warmup: 200ms, blocks: 1}
variants: [{id: direct}, {id: plain}]
baseline: direct
`);
    const out = join(scratchFolder(), 'run');
    const { exitCode, stderr } = await meshmark(['run', scenario, '--out', out]);
    expect([0, 3], stderr).toContain(exitCode);
    const { run, slices } = readRun(out);
    expect(run.variants.map(({ status }) => status)).toEqual(['measured', 'measured']);
    // Lengths vary from block to block, and are the same for its variants.
    expect(slices[0]?.requests).toBeGreaterThan(60);
    expect(slices[1]?.requests).toBe(slices[0]?.requests);
    for (const { slow, startedAtMicros, endedAtMicros } of slices) {
      const seconds = (endedAtMicros - startedAtMicros) / 1e6;
      expect(slow?.requests).toBeGreaterThan(0);
      // What the warm-up had begun to read may end in the measured part: one answer of each client.
      expect(slow?.requests).toBeLessThanOrEqual(2 * (4 * seconds + 1));
      expect(slow?.failed).toBe(0);
    }
  });
});

describe('a protocol without HTTP', () => {
  it('is measured through sidecars that copy bytes, and compared byte for byte before', async () => {
    const scenario = scenarioFile(`schema: meshmark.scenario/1
name: raw
workload: {protocol: raw, requestBytes: 200, responseBytes: 8KiB, connections: 4}
load: {model: open, rate: 200/s}
slices: {duration: 1s, warmup: 100ms, blocks: 1, micro: {requests: 100, warmup: 20, perRound: 500ms}}
variants: [{id: direct}, {id: plain}, {id: pooled-buffer}]
baseline: plain
`);
    const out = join(scratchFolder(), 'run');
    const { exitCode, stderr } = await meshmark(['run', scenario, '--out', out]);
    expect([0, 3], stderr).toContain(exitCode);
    const { run, slices } = readRun(out);
    expect(run.variants.map(({ status, reason }) => [status, reason])).toEqual(
      Array.from({ length: 3 }, () => ['measured', null]),
    );
    expect(slices.length).toBeGreaterThan(3);
    for (const { requests, errors, bytesReceived, beyondResidence } of slices) {
      expect(Object.values(errors).every((count) => count === 0)).toBe(true);
      // A head of 24 bytes and the body.
      expect(bytesReceived).toBe(requests * (24 + 8192));
      expect(beyondResidence).not.toBeNull();
    }
    expect(run.parity.find(({ property }) => property === 'body sha256')?.equal).toBe(true);
  });
});

describe('clients that speak HTTP/3', () => {
  const mix = '[{weight: 3, path: /items}, {path: /orders, bodyBytes: 100KiB}]';
  const scenario = (over: string, variants: string) => `schema: meshmark.scenario/1
name: h3
workload: {protocol: h3, responseBytes: 4KiB, connections: 4, ${over}}
slices: {blocks: 1, micro: {requests: 50, warmup: 10, perRound: 2s}}
variants: [{id: direct}, {id: plain}${variants}]
baseline: plain
`;
  const more = ', {id: rsa, kind: plain, options: {tls: {key: rsa}}}, {id: h2-tls}';

  it.each([
    ['over kept connections', scenario(`requests: ${mix}`, more), ['direct', 'plain', 'rsa', 'h2-tls']],
    ['over a new one for each request', scenario('connectionPerRequest: true', ''), ['direct', 'plain']],
  ])('reach the service through sidecars that take it, each hop proven: %s', async (_how, text, ids) => {
    const out = join(scratchFolder(), 'run');
    const { exitCode, stderr } = await meshmark(['run', scenarioFile(text), '--out', out]);
    expect([0, 3], stderr).toContain(exitCode);
    const { run, slices } = readRun(out);
    expect(run.variants.map(({ id, status, reason }) => [id, status, reason])).toEqual(
      ids.map((id) => [id, 'measured', null]),
    );
    const errors = slices.flatMap((slice) => Object.values(slice.errors)).reduce((sum, one) => sum + one, 0);
    expect(errors).toBe(0);
    const exercised = (variant: string) =>
      (run.analysis?.witnesses[variant] ?? []).filter((one) => one.exercised).map(({ name }) => name);
    expect(exercised('plain')).toEqual(
      expect.arrayContaining(['h3@outbound', 'h3@inbound', 'mtls@outbound', 'mtls@inbound']),
    );
    if (ids.includes('h2-tls')) {
      expect(exercised('h2-tls')).toEqual(expect.arrayContaining(['h3@outbound', 'h2@inbound']));
    }
    expect(run.parity.filter(({ equal }) => !equal)).toEqual([]);
    expect(run.parity.some(({ property }) => property.endsWith('body sha256'))).toBe(true);
  });
});
