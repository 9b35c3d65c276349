/** Small scenarios for black-box tests: real runs, as short as the rules of measurement allow. */

/** Three variants, both tracks, four rounds: about 35 s. */
export const smallScenario = `schema: meshmark.scenario/1
name: small
workload: {protocol: http1, responseBytes: 16KiB, connections: 8}
load: {driver: loadgen, model: open, rate: 300/s, arrivals: poisson}
slices: {duration: 1s, warmup: 100ms, blocks: 4, replicas: 4, seed: 11, micro: {requests: 200, warmup: 50, perRound: 2s}}
variants:
  - {id: direct}
  - {id: plain}
  - {id: pooled-buffer}
baseline: plain
`;

/** Two variants, short slices only, as many rounds as asked: about 3 s a round. */
export function microScenario(rounds: number): string {
  return `schema: meshmark.scenario/1
name: short slices
workload: {protocol: http1, responseBytes: 4KiB, connections: 8}
slices: {blocks: ${rounds}, replicas: 4, seed: 3, micro: {requests: 200, warmup: 50, perRound: 2s}}
variants:
  - {id: plain}
  - {id: pooled-buffer}
baseline: plain
`;
}
