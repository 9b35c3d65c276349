/** What of the machine's abilities a variant may need is lacking here, found out by trying, once each. */
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { type Accelerator, lackOfProgram } from './accelerated-programs.js';
import { dataplaneBinary } from './install.js';
import { lackOfMultiBuffer } from './multi-buffer.js';
import { FOREIGN_PROGRAMS, findProgram, howToGet } from './programs.js';
import { findQuickAssist, lackOfQuickAssist } from './quickassist.js';

/** The probe loads and attaches each program once; a busy machine may take a second for that. */
const PROBE_LIMIT_MS = 20_000;

const probeEvent = z.object({
  event: z.literal('probe'),
  features: z.record(z.string(), z.string().nullable()),
});

type KernelFindings =
  | { readonly state: 'probed'; readonly features: Readonly<Record<string, string | null>> }
  | { readonly state: 'unknown'; readonly reason: string };

let kernel: KernelFindings | null = null;

/**
 * Why the machine cannot give what `need` names (`epoll`, `kernel:<feature>`, `program:<name>`), in one line; null when it can.
 * The first question about the kernel takes about a tenth of a second.
 */
export function lacking(need: string): string | null {
  const [kind, feature = ''] = need.split(':');
  switch (kind) {
    case 'epoll':
      return process.platform === 'linux' ? null : 'it needs epoll, which only Linux has';
    case 'kernel': {
      kernel ??= probeKernel();
      if (kernel.state === 'unknown') return `the kernel could not be probed: ${kernel.reason}`;
      const reason = kernel.features[feature];
      return reason === undefined ? `no kernel feature ${feature} is known` : reason;
    }
    case 'program': {
      const program = FOREIGN_PROGRAMS.find((name) => name === feature);
      if (program === undefined) return `no program ${feature} is known`;
      return findProgram(program) === null ? `there is no ${program} here: ${howToGet(program)}` : null;
    }
    case 'kubernetes':
      return 'it stands on a cluster only: `--cluster kubernetes`';
    case 'quickassist':
      return joined(lackOfQuickAssist(findQuickAssist()), kind);
    case 'multi-buffer':
      return joined(lackOfMultiBuffer(), kind);
    default:
      return `nothing is known of ${need}`;
  }
}

/** What is lacking of an accelerator: itself, and a program that can use it. */
function joined(itself: string | null, accelerator: Accelerator): string | null {
  const reasons = [itself, lackOfProgram(accelerator)].filter((reason) => reason !== null);
  return reasons.length === 0 ? null : reasons.join('; and ');
}

/** Everything that is lacking of what is needed, joined into one line; null when nothing is. */
export function lackingAny(needs: readonly string[]): string | null {
  const reasons = new Set(needs.map(lacking).filter((reason) => reason !== null));
  return reasons.size === 0 ? null : [...reasons].join('; ');
}

/** What `dataplane kernel --probe` found by attaching each program to a cgroup of its own. */
function probeKernel(): KernelFindings {
  const probe = spawnSync(dataplaneBinary(), ['kernel', '--probe'], {
    encoding: 'utf8',
    timeout: PROBE_LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  try {
    return { state: 'probed', features: probeEvent.parse(JSON.parse(probe.stdout)).features };
  } catch {
    const reason = probe.error?.message ?? (probe.stderr.trim() || 'the probe said nothing');
    return { state: 'unknown', reason };
  }
}
