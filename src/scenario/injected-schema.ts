/** What a scenario may say of a mesh that the cluster has already. */
import { z } from 'zod';
import { list, mapping, oneOf, text } from './fields.js';

const words = (example: string) =>
  z
    .record(z.string(), z.string({ error: 'must be text; put it in quotes' }), {
      error: `must be a mapping such as \`${example}\``,
    })
    .default({});

const inject = mapping(
  {
    namespaceLabels: words('{istio-injection: enabled}').describe('Labels of the variant’s own namespace.'),
    namespaceAnnotations: words('{linkerd.io/inject: enabled}').describe('Annotations of it.'),
    podLabels: words('{sidecar.istio.io/inject: "true"}').describe('Labels of each of its pods.'),
    podAnnotations: words('{linkerd.io/inject: enabled}').describe('Annotations of each of its pods.'),
    containers: list(text(63), 8, '[istio-proxy]', 0).describe(
      'Containers that the mesh puts into its pods, whose CPU is the data plane’s; without them the variant fails. `[]`: none may be there, and nobody may stand in the path.',
    ),
    sides: list(oneOf(['client', 'service']), 2, '[client, service]')
      .default(['client', 'service'])
      .describe('Ends of the path whose pods get them, the service’s among them.'),
  },
  '{namespaceLabels: {istio-injection: enabled}, containers: [istio-proxy]}',
)
  .optional()
  .describe('Only for `injected`: how its pods ask the cluster’s mesh for a proxy, and what they get.');

/** Fields of a variant that only `injected` has. */
export const injectedFields = { inject };
