/** Proxies that people run, measured for real: over mutual TLS and HTTP/2, with one of them missing, and nothing left behind. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FOREIGN_PROGRAMS, fileDigest, findProgram } from '../host/index.js';
import { type RunRecord, readRun } from '../record/index.js';
import { checkout, type Ended, meshmark, scenarioFile, scratchFolder } from './command-line.js';

const missing = FOREIGN_PROGRAMS.filter((program) => findProgram(program) === null);
const haproxy = findProgram('haproxy');

const scenario = (variants: readonly string[]) => `schema: meshmark.scenario/1
name: proxies
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
slices: {blocks: 1, replicas: 1, seed: 5, micro: {requests: 100, warmup: 20, perRound: 2s}}
variants:
${variants.map((variant) => `  - ${variant}`).join('\n')}
baseline: plain
`;

async function measured(
  text: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ ended: Ended; run: RunRecord; out: string }> {
  const out = join(scratchFolder(), 'run');
  const ended = await meshmark(['run', scenarioFile(text), '--out', out], { env, directory: checkout });
  return { ended, run: readRun(out).run, out };
}

/** Claims of a variant that its counters do not bear out. */
function unproved(run: RunRecord, id: string): string[] {
  return (run.analysis?.witnesses[id] ?? [])
    .filter(({ claimed, value, agrees }) => !agrees || (claimed && (value ?? 0) < 0.99))
    .map(({ name, detail, reason }) => `${name}: ${reason ?? detail}`);
}

const property = (run: RunRecord, name: string) => run.parity.find((one) => one.property === name);

describe('proxies that people run', () => {
  it.skipIf(missing.length > 0)(
    'speak HTTP/2 and HTTP/3 over mutual TLS between them, which their own counters prove, and leave nothing behind',
    async () => {
      const { ended, run, out } = await measured(
        scenario([
          '{id: plain, options: {duties: mesh, mtls: all, meshProtocol: h2}}',
          '{id: envoy, options: {duties: mesh, mtls: all, meshProtocol: h2}}',
          '{id: envoy-h3, kind: envoy, options: {mtls: all, meshProtocol: h3}}',
          '{id: haproxy, options: {duties: mesh, mtls: all, meshProtocol: h2}}',
          '{id: nginx, options: {duties: mesh, mtls: all}}',
          '{id: haproxy-fresh, kind: haproxy, options: {mtls: all, upstreamConnections: fresh}}',
        ]),
      );
      expect(ended.stderr).not.toMatch(/failed|rror/);
      for (const { id, status, reason } of run.variants) {
        expect(status, reason ?? '').toBe('measured');
        expect(unproved(run, id), id).toEqual([]);
      }
      const claims = (id: string) => run.variants.find((variant) => variant.id === id)?.claims;
      expect(claims('envoy')).toEqual(expect.arrayContaining(['h2@inbound', 'mtls@inbound']));
      expect(claims('envoy-h3')).toContain('h3@inbound');
      expect(claims('haproxy-fresh')).toEqual(
        expect.arrayContaining(['handshakes@outbound', 'resumed@outbound']),
      );
      for (const program of FOREIGN_PROGRAMS) {
        expect(run.machine.binaries[program]).toBe(fileDigest(findProgram(program) ?? ''));
        const { options } = run.variants.find(({ kind }) => kind === program) ?? {};
        expect(options?.version).toMatch(/^\d+\.\d+/);
      }
      for (const name of ['status', 'body sha256', 'http version']) {
        expect(property(run, name), name).toMatchObject({ equal: true });
      }
      expect(property(run, 'upstream timeout')).toMatchObject({ equal: true });
      expect(existsSync(join(out, 'proxies'))).toBe(false);
      expect(existsSync(join(out, 'certificates'))).toBe(false);
      // nginx removes its pid file, and was once given this one.
      expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    },
    60_000,
  );

  it('are left out with the reason where they are missing, and the rest is measured', async () => {
    const hidden = { MESHMARK_ENVOY: '/nonexistent/envoy' };
    const { ended, run } = await measured(scenario(['{id: plain}', '{id: envoy}', '{id: direct}']), hidden);
    expect(ended.exitCode).toBe(0);
    expect(run.variants.find(({ id }) => id === 'envoy')).toMatchObject({
      status: 'unavailable',
      reason: expect.stringMatching(/there is no envoy here: MESHMARK_ENVOY names/),
    });
    for (const id of ['plain', 'direct']) {
      expect(run.variants.find((variant) => variant.id === id)).toMatchObject({ status: 'measured' });
    }
    const doctor = await meshmark(['doctor', '--json'], { env: hidden });
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ check: 'envoy', state: 'limited' })]),
    });
  }, 30_000);
});

describe('a proxy of the user’s own', () => {
  const custom = (over: string) =>
    `{id: mine, kind: custom, command: ["${haproxy}", -db, -f, scenarios/custom-proxy.cfg], env: {LISTEN: "{listen}", UPSTREAM: "{upstream}", ADMIN: "{admin}"}, ${over}}`;
  const metrics = (name: string) =>
    `metrics: {url: "http://{admin}/metrics", map: {requests: '${name}{proxy="traffic"}'}}`;

  it.skipIf(haproxy === null)(
    'proves by a figure of its own that it is in the path, in the place of each sidecar',
    async () => {
      const { run } = await measured(
        scenario([
          '{id: plain}',
          custom(`ready: {path: /healthz}, ${metrics('haproxy_frontend_http_requests_total')}`),
        ]),
      );
      const mine = run.variants.find(({ id }) => id === 'mine');
      expect(mine, mine?.reason ?? '').toMatchObject({
        status: 'measured',
        dataPlaneRoles: ['outbound', 'inbound'],
        claims: ['proxy-in-path'],
      });
      expect(unproved(run, 'mine')).toEqual([]);
    },
    30_000,
  );

  it.skipIf(haproxy === null)(
    'is not exercised when that figure is misspelt, and fails when it never says that it is ready',
    async () => {
      const { run } = await measured(
        scenario([
          '{id: plain}',
          custom(metrics('haproxy_no_such_total')),
          custom('ready: {path: /healthz, status: 204}').replace('id: mine', 'id: unready'),
        ]),
      );
      const find = (id: string) => run.variants.find((variant) => variant.id === id);
      expect(find('mine')).toMatchObject({ status: 'not-exercised' });
      expect(find('unready')).toMatchObject({
        status: 'failed',
        reason: expect.stringMatching(/was not ready in .* \/healthz answers 200, not 204/),
      });
    },
    60_000,
  );
});
