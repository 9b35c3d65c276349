/** What the configurations of a variant's proxies say that no answer shows, for the parity check. */
import type { ForeignProgram, VariantSpec } from '../variants/index.js';
import { ANSWER_LIMIT_S } from './foreign/configuration.js';

/** Workers of a program on so many cores: nginx serves in the one process that can be measured as one. */
export function workersOf(program: ForeignProgram, cores: number): number {
  return program === 'nginx' ? 1 : cores;
}

/** Workers, and how long an upstream may take to answer; empty for a proxy that nobody here configures. */
export function settingsOf({ form }: VariantSpec, cores: number): Readonly<Record<string, string>> {
  switch (form.type) {
    case 'direct':
    case 'zero-sidecar':
    case 'custom':
    case 'injected':
      return {};
    case 'node':
      return { workers: '1', 'upstream timeout': 'none' };
    case 'sidecar':
      return {
        // Go’s runtime takes as many as it is allowed to run on.
        workers: String(cores),
        'upstream timeout': form.options.duties === 'mesh' ? `${ANSWER_LIMIT_S} s` : 'none',
      };
    case 'foreign':
      return {
        workers: String(workersOf(form.program, cores)),
        'upstream timeout': form.proxies.some(({ upstream }) => upstream.protocol === 'tcp')
          ? 'none'
          : `${ANSWER_LIMIT_S} s`,
      };
  }
}
