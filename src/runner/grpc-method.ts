/** Which method of the service a gRPC workload calls. */
import type { Plan } from '../plan/index.js';

/** Full name of the method, as its path in HTTP/2. */
export function grpcMethodOf({ grpcMethod }: Plan['workload']): string {
  return grpcMethod === 'server-stream' ? '/meshmark.v1.Echo/List' : '/meshmark.v1.Echo/Get';
}
