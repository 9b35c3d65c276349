import { describe, expect, it } from 'vitest';
import type { WindowRecord, WitnessResult } from '../record/index.js';
import { analyse } from './analyse.js';
import { buildRun } from './testing/record-builder.js';

type Counters = Record<string, number>;

/** What a variant's witnesses are when its agent's counters, and its first proxy's, are as given at each edge. */
function witnessesOf(
  claims: readonly string[],
  agent: (edge: Counters) => Counters,
  outbound: (edge: Counters) => Counters = (edge) => edge,
) {
  const roles = ['outbound', 'inbound', 'kernel'];
  const built = buildRun({
    variants: [{ id: 'x', claims: [...claims], roles }],
    rounds: 4,
    microBlocksPerRound: 2,
  });
  const at = (snapshot: WindowRecord['start']) => ({
    ...snapshot,
    processes: snapshot.processes.map((process) => {
      if (process.witness === null) return process;
      if (process.role === 'kernel') return { ...process, witness: agent(process.witness) };
      if (process.role === 'outbound') return { ...process, witness: outbound(process.witness) };
      return process;
    }),
  });
  const windows = built.windows.map((window) => ({
    ...window,
    start: at(window.start),
    end: at(window.end),
  }));
  const { analysis, variants } = analyse(built.run, built.slices, windows);
  const of = (name: string): WitnessResult => {
    const found = analysis.witnesses.x?.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} was not read`);
    return found;
  };
  return { of, variant: variants[0] };
}

const ATTACHED = { programsExpected: 3, programsAttached: 3 };

/** Plenty beside what any client received. */
const bytes = (edge: Counters) => (edge.requests ?? 0) * 1e9;

describe('the witness of messages', () => {
  const handedOver = (shareOfInbound: number) => (edge: Counters) => ({
    ...ATTACHED,
    'answerBytesRedirected.outbound': bytes(edge),
    'answerBytesMissed.outbound': 0,
    'answerBytesRedirected.inbound': bytes(edge) * shareOfInbound,
    'answerBytesMissed.inbound': bytes(edge) * (1 - shareOfInbound),
  });

  it('is that of the hop on which least was handed over', () => {
    expect(witnessesOf(['messages'], handedOver(1)).of('messages')).toMatchObject({ exercised: true });
    const { of, variant } = witnessesOf(['messages'], handedOver(0.9));
    expect(of('messages').value).toBeCloseTo(0.9, 9);
    expect(of('messages').detail).toMatch(/bytes of answers from inbound were handed over beneath TCP/);
    expect(variant).toMatchObject({ status: 'not-exercised' });
  });

  it('holds the client’s hop against what the client received', () => {
    const none = () => ({
      ...ATTACHED,
      'answerBytesRedirected.outbound': 0,
      'answerBytesMissed.outbound': 0,
    });
    expect(witnessesOf(['messages'], none).of('messages')).toMatchObject({ value: 0, exercised: false });
  });

  it('is nothing once a program was found taken off its hook, however much was handed over', () => {
    const { of } = witnessesOf(['messages'], (edge) => ({ ...handedOver(1)(edge), programsAttached: 2 }));
    expect(of('messages')).toMatchObject({ value: 0, exercised: false });
    expect(of('messages').detail).toMatch(/^only 2 of 3 eBPF programs were still attached/);
  });
});

describe('the witness of redirected connections', () => {
  it('counts those made before the windows, against those that arrived', () => {
    const agent = (redirected: number) => () => ({ ...ATTACHED, 'connectsRedirected.outbound': redirected });
    const arrived = (edge: Counters) => ({ ...edge, connectionsAccepted: 10 });
    expect(witnessesOf(['connects-redirected'], agent(10), arrived).of('connects-redirected')).toMatchObject({
      value: 1,
      exercised: true,
    });
    expect(witnessesOf(['connects-redirected'], agent(9), arrived).of('connects-redirected')).toMatchObject({
      value: 0.9,
      exercised: false,
    });
  });
});

describe('a variant without an agent', () => {
  it('does nothing in the kernel, and is not taken for one that could not be read', () => {
    const built = buildRun({ variants: [{ id: 'x', claims: [] }], rounds: 4, microBlocksPerRound: 2 });
    const { analysis } = analyse(built.run, built.slices, built.windows);
    for (const name of ['messages', 'connects-redirected', 'kernel-policy']) {
      expect(analysis.witnesses.x?.find((one) => one.name === name)).toMatchObject({
        value: 0,
        claimed: false,
        agrees: true,
        detail: 'no eBPF program is attached for it',
      });
    }
  });
});
