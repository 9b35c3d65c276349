import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatFault, parseScenario, type Scenario } from './index.js';

/** Hundreds of parses, perhaps on a busy machine. */
const PATIENT = { timeout: 60_000 };

const folder = join(import.meta.dirname, 'malformed');
const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as Readonly<
  Record<string, readonly string[]>
>;
const read = (file: string) => readFileSync(join(folder, file), 'utf8');

function faultsOf(text: string): readonly string[] {
  const parsed = parseScenario(text, 'f.yaml');
  return parsed.ok ? [] : parsed.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function scenarioOf(text: string): Scenario {
  const parsed = parseScenario(text, 'f.yaml');
  if (!parsed.ok) throw new Error(parsed.faults.map(formatFault).join('\n'));
  return parsed.scenario;
}

const GOOD = `schema: meshmark.scenario/1
name: good
load: {model: open, rate: 120/min}
slices: {duration: 2s, blocks: 4}
variants: [{id: direct}, {id: plain}]
baseline: direct
`;

describe('a malformed scenario', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

  it('has its faults written down, for every file', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.sort()).toEqual(Object.keys(expected).sort());
  });

  it.each(files)('%s: names line, column and mend of every fault', (file) => {
    expect(faultsOf(read(file))).toEqual(expected[file]);
  });

  it('is described in one line a fault, without the words of a schema library', () => {
    for (const fault of Object.values(expected).flat()) {
      expect(fault).toMatch(/^\d+:\d+ [^\n\r]+$/);
      expect(fault).not.toMatch(/invalid input|expected|received|zod|undefined/i);
    }
  });

  it('is reported as FILE:LINE:COLUMN message', () => {
    expect(formatFault({ file: 'a.yaml', line: 3, column: 7, message: 'no' })).toBe('a.yaml:3:7 no');
  });
});

describe('parseScenario', () => {
  it('fills in every default and turns quantities into base units', () => {
    expect(scenarioOf(GOOD)).toEqual({
      name: 'good',
      description: null,
      cluster: { provider: 'local', keepAwake: 'auto' },
      cells: [],
      topology: { roles: ['outbound', 'inbound'], clusters: {}, nodes: 1, addresses: 'ipv4', roundTripMs: 0 },
      policy: { latencyMs: 1 },
      workload: {
        protocol: 'http1',
        grpcMethod: 'unary',
        responseBytes: { min: 1024, max: 1024 },
        stream: null,
        requestBytes: null,
        requests: null,
        connections: 16,
        connectionPerRequest: false,
        idleConnections: 0,
        slowClients: null,
        serviceDelayMs: 0,
        serviceCapacityPerSecond: null,
        faultRate: 0,
        timeoutMs: 5000,
      },
      load: { driver: 'loadgen', model: 'open', ratePerSecond: 2, arrivals: 'poisson' },
      slices: {
        blocks: 4,
        budgetMs: 600_000,
        earlyStop: true,
        confirmShare: 1,
        seed: 1,
        replicas: null,
        long: { durationMs: 2000, warmupMs: 300 },
        micro: null,
      },
      crossCheck: null,
      confidence: 0.99,
      margin: 0.03,
      variants: [
        { id: 'direct', kind: 'direct', options: {}, command: null },
        { id: 'plain', kind: 'plain', options: {}, command: null },
      ],
      baseline: 'direct',
      compare: [],
      ablation: null,
      offloadCeiling: null,
      gate: [],
    });
  });

  it('takes the bodies of a mix of requests from whoever reads them, and keeps their digests', () => {
    const mix =
      '[{weight: 3, path: /items?limit=2}, {path: /orders, bodyFile: order.json, headers: {X-A: b}}, {method: PUT, bodyBytes: 30}]';
    const readBody = (name: string) => ({
      ok: true as const,
      content: Buffer.from(name === 'order.json' ? 'abc' : ''),
    });
    const parsed = parseScenario(`${GOOD}workload: {requests: ${mix}}\n`, 'f.yaml', { readBody });
    const requests = parsed.ok ? parsed.scenario.workload.requests : null;
    expect(requests?.map(({ body, ...request }) => ({ ...request, sent: body?.content.toString() }))).toEqual(
      [
        { weight: 3, method: 'GET', path: '/items?limit=2', headers: {}, sent: undefined },
        { weight: 1, method: 'POST', path: '/orders', headers: { 'X-A': 'b' }, sent: 'abc' },
        { weight: 1, method: 'PUT', path: '/', headers: {}, sent: 'abcdefghijklmnopqrstuvwxyzabcd' },
      ],
    );
    // FIPS 180-2, appendix B.1.
    expect(requests?.[1]?.body?.sha256).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('keeps only the options that were written, so that a kind’s own are not overwritten', () => {
    const text = GOOD.replace(
      '{id: plain}',
      '{id: plain, kind: pooled-buffer, options: {testBurnMicros: 5}}',
    );
    expect(scenarioOf(text).variants[1]?.options).toEqual({ testBurnMicros: 5 });
  });

  it('reads ranges of sizes, one-hop paths, microseconds and aliases', () => {
    const scenario = scenarioOf(`${GOOD}
topology: {path: [client, outbound, service]}
workload: {responseBytes: {min: 1KiB, max: 64kB}, serviceDelay: &wait 250µs, timeout: 1m}
compare: [[plain, direct]]
gate: [{metric: latency.p99, maxIncrease: 7%}]
`);
    expect(scenario.topology.roles).toEqual(['outbound']);
    expect(scenario.workload.responseBytes).toEqual({ min: 1024, max: 64_000 });
    expect(scenario.workload.serviceDelayMs).toBe(0.25);
    expect(scenario.gate[0]?.maxIncrease).toBe(0.07);
  });

  it('lets a scenario of short slices leave the load out', () => {
    const text = GOOD.replace(/load: .*\n/, '').replace('duration: 2s', 'micro: {requests: 100}');
    expect(scenarioOf(text).load).toBeNull();
    expect(scenarioOf(text).slices.micro).toEqual({ requests: 100, warmupRequests: 100, perRoundMs: 2000 });
  });

  it('refuses what is nested too deeply for the parser', () => {
    // Made here, not a file: such a file brings down other tools that read the folder.
    const text = `schema: meshmark.scenario/1\nload: ${'['.repeat(20_000)}${']'.repeat(20_000)}\n`;
    expect(faultsOf(text)).toEqual(['1:1 the file is nested too deeply to be read']);
    expect(faultsOf('x'.repeat(300_000))).toHaveLength(1);
  });

  it('leaves hostile text as it is', () => {
    const name = '<script>alert(1)</script>';
    expect(scenarioOf(GOOD.replace('name: good', `name: "${name}"`)).name).toBe(name);
  });

  it('never throws and always places its faults inside the text', PATIENT, () => {
    const check = (text: string) => {
      const parsed = parseScenario(text, 'f.yaml');
      if (parsed.ok) return;
      expect(parsed.faults.length).toBeGreaterThan(0);
      for (const { line, column, message } of parsed.faults) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(text.split('\n').length);
        expect(column).toBeGreaterThanOrEqual(1);
        expect(message).not.toMatch(/\p{Cc}/u);
      }
    };
    const words = [
      'a',
      ':',
      ' ',
      '\n',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&x',
      '*x',
      '#',
      '|',
      '>',
      '!',
      '%',
      '?',
      '\t',
      '---',
      '<<',
    ];
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { seed: 21, numRuns: 150 });
    fc.assert(fc.property(soup, check), { seed: 22, numRuns: 250 });
  });

  it('never throws on a good scenario in which any one value was replaced', PATIENT, () => {
    const base = JSON.parse(
      JSON.stringify({
        schema: 'meshmark.scenario/1',
        name: 'n',
        topology: {
          roles: ['outbound', 'inbound'],
          clusters: {},
          nodes: 1,
          addresses: 'ipv4',
          roundTripMs: 0,
        },
        policy: { latencyMs: 1 },
        workload: { responseBytes: { min: 1, max: 2 }, connections: 1 },
        load: { model: 'open', rate: '1/s' },
        slices: { duration: '2s', micro: { requests: 100 } },
        variants: [
          { id: 'plain', options: { buffers: 'pooled' } },
          { id: 'c', kind: 'custom', command: ['x'] },
        ],
        baseline: 'plain',
        compare: [['plain', 'c']],
        gate: [{ metric: 'latency.p50', maxIncrease: '5%', variants: ['c'] }],
      }),
    ) as Record<string, unknown>;
    const keys = fc.constantFrom(...Object.keys(base));
    fc.assert(
      fc.property(keys, fc.jsonValue({ maxDepth: 3 }), (key, value) => {
        expect(typeof parseScenario(JSON.stringify({ ...base, [key]: value }), 'f.yaml').ok).toBe('boolean');
      }),
      { seed: 23, numRuns: 200 },
    );
  });
});

describe('a load that is not even', () => {
  const loadOf = (load: string) => {
    const parsed = parseScenario(GOOD.replace('{model: open, rate: 120/min}', load), 'f.yaml');
    return parsed.ok ? parsed.scenario.load : parsed.faults;
  };

  it('rises from one rate to another', () => {
    expect(loadOf('{model: open, rate: 800/s, arrivals: ramp, from: 100/s}')).toEqual({
      driver: 'loadgen',
      model: 'open',
      ratePerSecond: 800,
      arrivals: 'ramp',
      fromRatePerSecond: 100,
    });
  });

  it('rests after each answer', () => {
    expect(loadOf('{model: closed, thinkTime: 5ms}')).toEqual({
      driver: 'loadgen',
      model: 'closed',
      thinkMs: 5,
    });
  });
});

describe('where variants stand', () => {
  const text = (cluster: string) => `schema: meshmark.scenario/1
name: placed
${cluster}load: {model: open, rate: 800/s}
slices: {duration: 2s, blocks: 4}
variants: [{id: direct}, {id: plain}]
baseline: direct
`;
  const clusterOf = (cluster: string, commandLine: Readonly<Record<string, unknown>> = {}) => {
    const parsed = parseScenario(text(cluster), 'f.yaml', { cluster: commandLine });
    return parsed.ok ? parsed.scenario.cluster : parsed.faults.map(({ message }) => message);
  };

  it('is this machine, unless the scenario or the command line says otherwise', () => {
    expect(clusterOf('')).toEqual({ provider: 'local', keepAwake: 'auto' });
    expect(clusterOf('', { provider: 'kubernetes', context: 'kind-bench' })).toMatchObject({
      provider: 'kubernetes',
      context: 'kind-bench',
      namespace: null,
      startLimitMs: 120_000,
    });
    const written = 'cluster: {provider: kubernetes, context: a, memoryLimit: 1Gi}\n';
    expect(clusterOf(written, { context: 'b' })).toMatchObject({ context: 'b', memoryLimit: '1Gi' });
    expect(clusterOf(written, { provider: 'local' })).toEqual([
      '`cluster.context` needs `provider: kubernetes`, and this is `local`',
      '`cluster.memoryLimit` needs `provider: kubernetes`, and this is `local`',
    ]);
  });

  it('is refused by the name that the command line gives', () => {
    expect(clusterOf('', { provider: 'nomad' })).toEqual([
      '`cluster.provider` must be `local` or `kubernetes`',
    ]);
  });
});
