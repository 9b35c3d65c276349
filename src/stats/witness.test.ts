import { describe, expect, it } from 'vitest';
import type { WindowRecord, WitnessResult } from '../record/index.js';
import { analyse } from './analyse.js';
import { type BuiltVariant, buildRun } from './testing/record-builder.js';

const CLAIMS = ['proxy-in-path', 'upstream-reuse'];
const POOL_CLAIMS = ['buffer-pool', 'buffer-pool-hits', ...CLAIMS];

function witnessesOf(
  variant: Omit<BuiltVariant, 'id'>,
  change: (window: WindowRecord) => WindowRecord = (window) => window,
) {
  const built = buildRun({ variants: [{ id: 'x', ...variant }], rounds: 4, microBlocksPerRound: 2 });
  const { analysis, variants } = analyse(built.run, built.slices, built.windows.map(change));
  const of = (name: string): WitnessResult => {
    const found = analysis.witnesses.x?.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} was not read`);
    return found;
  };
  return { of, variant: variants[0], validity: analysis.validity };
}

/** Changes the counters of one role at both edges of every window. */
function counters(
  role: string,
  change: (counters: Record<string, number>) => Record<string, number>,
): (window: WindowRecord) => WindowRecord {
  const at = (snapshot: WindowRecord['start']) => ({
    ...snapshot,
    processes: snapshot.processes.map((process) =>
      process.role === role && process.witness !== null
        ? { ...process, witness: { ...process.witness, ...change(process.witness) } }
        : process,
    ),
  });
  return (window) => ({ ...window, start: at(window.start), end: at(window.end) });
}

describe('witnesses', () => {
  it('prove every claim of a variant that does what it says', () => {
    const { of, variant } = witnessesOf({ claims: POOL_CLAIMS });
    for (const name of POOL_CLAIMS) expect(of(name)).toMatchObject({ claimed: true, value: 1, agrees: true });
    expect(variant).toMatchObject({ status: 'measured', witness: { name: 'buffer-pool', exercised: true } });
  });

  it('find a mechanism that is exercised without being claimed', () => {
    const { of, validity, variant } = witnessesOf({ claims: CLAIMS, poolShare: 0.3 });
    expect(of('buffer-pool')).toMatchObject({ claimed: false, exercised: false, agrees: false });
    expect(of('buffer-pool').value).toBeCloseTo(0.3, 9);
    expect(validity.reasons).toContainEqual(expect.stringMatching(/does buffer-pool without claiming it/));
    expect(variant?.status).toBe('measured');
  });

  it('are those of the proxy that exercises the mechanism least', () => {
    const { of, variant } = witnessesOf(
      { claims: CLAIMS },
      counters('inbound', (all) => ({ requests: (all.requests ?? 0) * 0.9 })),
    );
    expect(of('proxy-in-path').value).toBeCloseTo(0.9, 9);
    expect(of('proxy-in-path').detail).toMatch(/inbound/);
    expect(variant).toMatchObject({
      status: 'not-exercised',
      reason: expect.stringMatching(/proxy-in-path/),
    });
  });

  it('count a proxy that dials for one request in twenty as not reusing', () => {
    const { of, variant } = witnessesOf({ claims: CLAIMS, dialsPerRequest: 0.05 });
    expect(of('upstream-reuse').value).toBeCloseTo(0.95, 9);
    expect(variant?.status).toBe('not-exercised');
    const unclaimed = witnessesOf({ claims: ['proxy-in-path'], dialsPerRequest: 0.05 });
    expect(unclaimed.of('upstream-reuse').agrees).toBe(true);
    expect(unclaimed.variant?.status).toBe('measured');
  });

  it('know a proxy that copies bytes and sees no requests by the bytes', () => {
    const blind = (role: string) => counters(role, () => ({ requests: 0 }));
    const { of } = witnessesOf({ claims: CLAIMS, roles: ['outbound'] }, blind('outbound'));
    // Bodies without their headers, which the client counts too: 16,384 of 16,564 bytes.
    expect(of('proxy-in-path').value).toBeCloseTo(16_384 / 16_564, 3);
    expect(of('proxy-in-path').detail).toMatch(/bytes received were passed on/);
    // It has one upstream connection for each of its client's, and none to choose.
    expect(of('upstream-reuse')).toMatchObject({ value: 0, exercised: false });
  });

  it('hold no proxy to be in the path of a variant without one', () => {
    const { of, variant } = witnessesOf({ roles: [] });
    expect(of('proxy-in-path')).toMatchObject({ value: 0, claimed: false, agrees: true, reason: null });
    expect(of('buffer-pool')).toMatchObject({ value: null, agrees: true, reason: expect.any(String) });
    expect(variant).toMatchObject({ status: 'measured', witness: null });
  });

  it('prove nothing that cannot be read', () => {
    const { of, variant } = witnessesOf({ claims: CLAIMS, admin: false });
    expect(of('proxy-in-path')).toMatchObject({ value: null, agrees: false, reason: expect.any(String) });
    expect(variant?.status).toBe('not-exercised');
    expect(witnessesOf({ claims: [], admin: false }).variant?.status).toBe('measured');
  });

  it('count pool gets that never came back as misses', () => {
    const { of } = witnessesOf(
      { claims: POOL_CLAIMS },
      counters('outbound', () => ({ poolGets: 0, poolHits: 0 })),
    );
    expect(of('buffer-pool-hits')).toMatchObject({ value: 0, exercised: false, agrees: false });
  });

  describe('of one proxy of the path', () => {
    const overTls = counters('inbound', (at) => ({ ...at, requestsVerified: at.requests ?? 0 }));

    it('are read in that proxy alone', () => {
      const { of, variant } = witnessesOf({ claims: ['mtls@inbound', ...CLAIMS] }, overTls);
      expect(of('mtls@inbound')).toMatchObject({ claimed: true, exercised: true });
      expect(of('mtls')).toMatchObject({ claimed: false, exercised: false, agrees: true });
      expect(variant?.status).toBe('measured');
    });

    it('fail when another proxy does it instead', () => {
      const { variant } = witnessesOf({ claims: ['mtls@outbound', ...CLAIMS] }, overTls);
      expect(variant).toMatchObject({
        status: 'not-exercised',
        reason: expect.stringMatching(/mtls@outbound/),
      });
    });

    it('show a variant by the proxy that does least of what it claims', () => {
      const claims = ['mtls@inbound', 'mtls@outbound', ...CLAIMS];
      expect(witnessesOf({ claims }, overTls).variant?.witness).toEqual({
        name: 'mtls@outbound',
        value: 0,
        exercised: false,
      });
    });

    it('are seen where they are not claimed, in the proxy that does most of it', () => {
      const { of } = witnessesOf({ claims: CLAIMS }, overTls);
      expect(of('mtls')).toMatchObject({ claimed: false, exercised: true, agrees: false });
    });
  });

  it('take a worker pool for none when more worked than its bound', () => {
    const busy = (peak: number) =>
      counters('outbound', (at) => ({
        ...at,
        requestsByWorkers: at.requests ?? 0,
        workersPeak: peak,
        workersBound: 64,
      }));
    const claims = ['worker-pool', ...CLAIMS];
    const roles = ['outbound'];
    expect(witnessesOf({ claims, roles }, busy(64)).of('worker-pool')).toMatchObject({ exercised: true });
    expect(witnessesOf({ claims, roles }, busy(65)).of('worker-pool')).toMatchObject({ value: 0 });
  });
});
