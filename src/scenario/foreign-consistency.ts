/** What of the options a proxy that people run has not got. */
import {
  carriedAs,
  type ForeignProgram,
  foreignConflicts,
  type WorkloadProtocol,
  type WrittenOptions,
} from '../variants/index.js';
import type { Disagreement } from './disagreement.js';
import { quote } from './fault.js';

/** Faults of the options, or of the variant where the workload is at fault. */
export function foreignFaults(
  index: number,
  id: string,
  program: ForeignProgram,
  options: WrittenOptions,
  protocol: WorkloadProtocol | undefined,
): Disagreement[] {
  return foreignConflicts(program, options, carriedAs(protocol ?? 'http1')).map(({ option, message }) =>
    option === ''
      ? { path: ['variants', index], message }
      : {
          path: ['variants', index, 'options', ...option.split('.')],
          message: `\`options.${option}\` of ${quote(id)} ${message}`,
        },
  );
}
