/** What rides in a pod and reads the clocks of its processes: whoever stands pods up knows it, and the generator asks it. */
export interface PodAgent {
  /** `host:port`. */
  readonly address: string;
  /** Added to the pod's own process ids, which other pods have too. */
  readonly pidBase: number;
  /** Which machine it is on: those of one machine have one number, the generator's own is 0. */
  readonly machine: number;
}
