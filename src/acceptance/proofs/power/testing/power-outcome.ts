/** Outcomes of power runs as tests need them. */
import type { KeptMachine } from '../kept-lines.js';
import type { PowerOutcome } from '../outcomes.js';

export const testMachine: KeptMachine = {
  fingerprint: 'f00d',
  cpuModel: 'Test CPU',
  cores: 2,
  kernel: '6.18',
  virtualised: null,
};

/** One of a planted share of CPU, in percent. */
export function powerOutcome(
  size: number,
  seconds: number,
  suspected: boolean,
  confirmed = suspected,
): PowerOutcome {
  return {
    at: '2026-01-02T03:04:05.000Z',
    meshmarkVersion: '0.1.0',
    machine: testMachine,
    planted: { what: 'cpu', size },
    seconds,
    runSeconds: seconds / 2,
    slices: 'micro: {requests: 100}',
    burnMicros: size,
    seed: 1,
    wallSeconds: 20,
    rounds: 6,
    plannedRounds: 9,
    confirmConfidence: 0.9,
    ratio: 1.05,
    low: 1.01,
    high: 1.09,
    suspectAt: 0.1,
    suspected,
    confirmed,
  };
}
