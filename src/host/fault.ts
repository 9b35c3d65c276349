/** Faults of the environment: what the machine, not the user's input and not a variant, did wrong. */

export type FaultCode =
  | 'DATAPLANE_MISSING'
  | 'PROGRAM_MISSING'
  | 'PERF_UNAVAILABLE'
  | 'PROCESS_START'
  | 'DRIVER_EXITED'
  | 'IDLE_CONNECTIONS'
  | 'DRIVER_PROTOCOL'
  | 'DEPLOY_TIMEOUT'
  | 'CGROUP'
  | 'NETWORK_NAMESPACE'
  | 'NO_VARIANT_LEFT'
  | 'BUILD_FAILED'
  | 'GIT'
  | 'CLUSTER'
  | 'IMAGE_NOT_BUILT'
  | 'IMAGE_NOT_WRITTEN'
  | 'IMAGE_NOT_PUSHED';

/** Ends a run with exit code 4. The message is one sentence with the cause and, where there is one, the mend. */
export class EnvironmentFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EnvironmentFault';
    this.code = code;
  }
}
