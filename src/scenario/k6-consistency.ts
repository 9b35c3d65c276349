/** What `driver: k6` can be asked for. */
import type { Check, Disagreement } from './disagreement.js';
import type { Draft } from './draft.js';

export const checkK6: Check = ({ load, workload }) => {
  if (load === null) return [];
  const found: Disagreement[] = [];
  if (load.script !== undefined && load.driver !== 'k6') {
    found.push({ path: ['load', 'script'], message: '`load.script` needs `driver: k6`' });
  }
  if (load.driver !== 'k6') return found;
  if (load.model === 'open' && (load.arrivals === 'poisson' || load.arrivals === 'bursts')) {
    found.push({
      path: ['load', 'arrivals'],
      message: `k6 starts requests at even intervals; use \`arrivals: constant\` or \`ramp\`, or \`driver: loadgen\` for ${load.arrivals}`,
    });
  }
  const refused = refusedBy(workload);
  if (refused !== null) {
    found.push({ path: ['load', 'driver'], message: `${refused}; use \`driver: loadgen\`` });
  }
  return found;
};

export const checkK6CrossCheck: Check = ({ crossCheck, workload }) => {
  if (crossCheck?.driver !== 'k6') return [];
  const refused = refusedBy(workload);
  return refused === null
    ? []
    : [{ path: ['crossCheck', 'driver'], message: `${refused}; leave \`crossCheck\` out` }];
};

/** The user's script, when it is not there. */
export function missingScript({ load }: Draft, isFile: (path: string) => boolean): readonly Disagreement[] {
  const script = load?.script;
  return script === undefined || isFile(script)
    ? []
    : [
        {
          path: ['load', 'script'],
          message: `there is no file \`${script}\` beside this one; correct the path, which is relative to the scenario’s folder`,
        },
      ];
}

/** Why k6 cannot send a workload, or null. */
function refusedBy({ protocol, grpcMethod }: Draft['workload']): string | null {
  if (protocol === 'h2') {
    return 'k6 speaks HTTP/2 over TLS only, and what a client sends into a mesh is in the clear';
  }
  return protocol === 'grpc' && grpcMethod === 'server-stream'
    ? 'k6 measures unary calls of gRPC only'
    : null;
}
