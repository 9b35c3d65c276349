/** Whose CPU is the data plane's. */
import type { VariantSpec } from '../variants/index.js';
import { agentDutiesOf } from './kernel-agent.js';

/** Roles of a variant's own proxies and of its agent; the service is the application's, not the data plane's. */
export function dataPlaneRoles(variant: VariantSpec): readonly string[] {
  switch (variant.form.type) {
    case 'direct':
      return [];
    case 'zero-sidecar':
      return ['kernel'];
    case 'sidecar':
    case 'node':
    case 'foreign':
      return [
        ...variant.form.proxies.map(({ role }) => role),
        ...(agentDutiesOf(variant.form) === null ? [] : ['kernel']),
      ];
    case 'custom':
    case 'injected':
      return variant.form.roles;
  }
}
