import type { EngineTarget } from '../load/index.js';
import type { Plan } from '../plan/index.js';

/** What the client speaks: through sidecars that copy bytes, HTTP/1.1 unless it is no HTTP. */
export function spokenIn(protocol: Plan['workload']['protocol']): EngineTarget['protocol'] {
  return protocol === 'tcp' ? 'http1' : protocol;
}
