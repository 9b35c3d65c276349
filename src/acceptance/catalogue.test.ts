/** Every row of the catalogue, stood up for real: its witness when its mechanism is on, and when it is off behind its back. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram, lackingAny } from '../host/index.js';
import { planScenario } from '../plan/index.js';
import { readRun } from '../record/index.js';
import { parseScenario } from '../scenario/index.js';
import { CATALOGUE, declaredOptions, needsOf } from '../variants/index.js';
import { checkout, meshmark, scenarioFile, scratchFolder } from './command-line.js';

const folder = join(checkout, 'scenarios');
const scenarios = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

/** Why a scenario cannot run here; null when it can. */
function lacking(file: string): string | null {
  if (file === 'quic-handshakes.yaml' && !isRoot) return 'root, for its network namespace';
  // Its own command is not a need that meshmark can know.
  if (/driver: k6/.test(readFileSync(join(folder, file), 'utf8')) && findProgram('k6') === null) return 'k6';
  if (file === 'custom-proxy.yaml' && findProgram('haproxy') === null) return 'haproxy';
  return null;
}

/** Ids of the scenario's variants that this machine lacks something for. */
function unavailableIn(file: string): ReadonlySet<string> {
  const text = readFileSync(join(folder, file), 'utf8');
  const parsed = parseScenario(text, file);
  if (!parsed.ok) throw new Error(`${file} is malformed`);
  const planned = planScenario(parsed.scenario, { path: file, text });
  if (!planned.ok) throw new Error(planned.faults.join('; '));
  const { variants } = planned.plan;
  return new Set(variants.filter(({ needs }) => lackingAny(needs) !== null).map(({ id }) => id));
}

function kindsIn(file: string): string[] {
  const parsed = parseScenario(readFileSync(join(folder, file), 'utf8'), file);
  if (!parsed.ok) throw new Error(`${file} is malformed`);
  return parsed.scenario.variants.map(({ kind }) => kind);
}

describe('the catalogue', () => {
  it('is listed whole, each row with its status on this machine', async () => {
    const { stdout, exitCode } = await meshmark(['list', '--json']);
    expect(exitCode).toBe(0);
    const { variants } = JSON.parse(stdout) as {
      variants: { id: string; status: string; reason: string | null }[];
    };
    expect(variants.map(({ id }) => id)).toEqual(CATALOGUE.map(({ kind }) => kind));
    for (const { status, reason } of variants) {
      expect(['available', 'unavailable']).toContain(status);
      expect(reason === null).toBe(status === 'available');
    }
  });

  it('has a scenario for each row', () => {
    const shown = new Set(scenarios.flatMap(kindsIn));
    const rows = CATALOGUE.map(({ kind }) => kind);
    expect(rows.filter((kind) => !shown.has(kind))).toEqual([]);
  });
});

describe.each(scenarios)('%s', (file) => {
  it.skipIf(lacking(file) !== null)(
    `stands every variant up, and each proves what it claims${lacking(file) === null ? '' : ` (needs ${lacking(file)})`}`,
    async () => {
      const out = join(scratchFolder(), 'run');
      const ended = await meshmark([
        'run',
        join(folder, file),
        ...['--blocks', '1', '--out', out],
        ...(/^\s+duration:/m.test(readFileSync(join(folder, file), 'utf8')) ? ['--slice', '1s'] : []),
      ]);
      expect(ended.stderr).not.toMatch(/failed|rror/);
      const { run } = readRun(out);
      const unavailable = unavailableIn(file);
      for (const variant of run.variants) {
        // What this machine lacks is said; everything else stands.
        if (variant.status === 'unavailable' && unavailable.has(variant.id)) continue;
        expect(variant, variant.reason ?? '').toMatchObject({ status: 'measured' });
        const witnesses = run.analysis?.witnesses[variant.id] ?? [];
        expect(witnesses.filter(({ agrees }) => !agrees)).toEqual([]);
        if (variant.kind !== 'direct' && variant.kind !== 'custom')
          expect(witnesses.some(({ claimed }) => claimed)).toBe(true);
      }
    },
    60_000,
  );
});

describe('a mechanism that is switched off behind its back', () => {
  const disarmed = (kinds: readonly string[], head: string) => `schema: meshmark.scenario/1
name: disarmed
${head}
slices: {blocks: 1, replicas: 1, seed: 3, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants:
  - {id: direct}
${kinds.map((kind) => `  - {id: ${kind}, options: {testDisarm: true}}`).join('\n')}
baseline: direct
`;
  /** Go's two idle connections are a number on a scale that has no off; nothing of it is claimed. */
  const withoutOff = ['default-idle'];
  const rowsWithPoint = CATALOGUE.filter(
    (row) =>
      'opposite' in row.form &&
      Object.keys(row.form.opposite).length > 0 &&
      !withoutOff.includes(row.kind) &&
      lackingAny(needsOf(row.needs, declaredOptions(row, {}))) === null,
  ).map(({ kind }) => kind);
  const scoped = ['mtls-cross-cluster'];
  const ofBytes: readonly string[] = rowsWithPoint.filter((kind) => kind === 'ebpf-sockmap');

  it.each([
    {
      name: 'two sidecars in the path',
      kinds: rowsWithPoint.filter((kind) => !scoped.includes(kind) && !ofBytes.includes(kind)),
      head: 'workload: {protocol: http1, responseBytes: 16KiB, connections: 4}',
    },
    {
      name: 'a sidecar that copies bytes',
      kinds: ofBytes,
      head: `topology: {hops: 1}
workload: {protocol: tcp, responseBytes: 4KiB, connections: 4}`,
    },
    {
      name: 'a gateway between two clusters',
      kinds: scoped,
      head: `topology: {path: [client, outbound, gateway, inbound, service], clusters: {west: [client, outbound], east: [gateway, inbound, service]}}
workload: {protocol: http1, responseBytes: 4KiB, connections: 4}`,
    },
  ])(
    'is called not exercised, and has no number: $name',
    async ({ kinds, head }) => {
      const out = join(scratchFolder(), 'run');
      const ended = await meshmark(['run', scenarioFile(disarmed(kinds, head)), '--out', out]);
      expect(ended.stderr).not.toMatch(/failed|rror/);
      const { run } = readRun(out);
      for (const kind of kinds) {
        const variant = run.variants.find(({ id }) => id === kind);
        expect(variant, kind).toMatchObject({ status: 'not-exercised' });
        // The plain rows' first witness is being in the path, which they are; their connections are not kept.
        const point = CATALOGUE.find((row) => row.kind === kind)?.point;
        if (point !== 'proxy-in-path') expect(variant?.witness, kind).toMatchObject({ exercised: false });
        const effects = run.analysis?.effects.filter(({ candidate }) => candidate === kind) ?? [];
        expect(effects.length).toBeGreaterThan(0);
        for (const effect of effects) {
          expect(effect).toMatchObject({ verdict: 'not-exercised', ratio: null, difference: null });
        }
      }
    },
    120_000,
  );
});
