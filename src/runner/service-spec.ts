/** The service that a workload asks. */
import type { ServiceSpec } from '../cluster/index.js';
import type { Plan } from '../plan/index.js';

/** The service that a workload is answered by. */
export function serviceOf(workload: Plan['workload']): ServiceSpec {
  return {
    protocol: workload.protocol,
    stream: workload.stream,
    responseBytes: workload.responseBytes,
    delayMs: workload.serviceDelayMs,
    ...(workload.serviceCapacityPerSecond === null
      ? {}
      : { capacityPerSecond: workload.serviceCapacityPerSecond }),
    faultRate: workload.faultRate,
  };
}
