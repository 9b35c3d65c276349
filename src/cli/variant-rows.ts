/** The rows of a record's variants: what each is, what it claims and what is expected of it. */
import type { Cluster } from '../cluster/index.js';
import type { Plan } from '../plan/index.js';
import type { RunVariant } from '../record/index.js';
import {
  type CatalogueRow,
  catalogueRow,
  EXPLANATIONS,
  type InjectionSettings,
  type VariantSpec,
} from '../variants/index.js';
import { foreignOptionsIn } from './foreign-programs.js';

/** One row for each variant of the plan, before anything is measured. */
export function rowsOf(
  { variants, counterparts, cluster: { provider } }: Pick<Plan, 'variants' | 'counterparts' | 'cluster'>,
  cluster: Pick<Cluster, 'dataPlaneRoles' | 'isolation'>,
  unavailable: ReadonlyMap<string, string>,
): RunVariant[] {
  return variants.map((variant) => {
    const counterpart = counterparts[variant.id] ?? null;
    const row = catalogueRow(variant.kind);
    return {
      id: variant.id,
      kind: variant.kind,
      description: variant.description,
      options: { ...optionsIn(variant, provider === 'local'), ...versionIn(variant) },
      dataPlaneRoles: [...cluster.dataPlaneRoles(variant)],
      claims: [...variant.claims],
      status: unavailable.has(variant.id) ? 'unavailable' : 'measured',
      reason: unavailable.get(variant.id) ?? null,
      witness: null,
      explanation: EXPLANATIONS[variant.kind] ?? null,
      counterpart,
      expectations:
        counterpart === null
          ? []
          : (row?.expectations ?? []).map((expectation) => ({ ...expectation, against: counterpart })),
      caveat: caveatOf(row, cluster.isolation.dataPlaneCores.length),
    };
  });
}

/** Which version it was built from, where a run compares two. */
function versionIn({ build }: VariantSpec): RunVariant['options'] {
  if (build === undefined) return {};
  return { version: build.version, ...(build.command === null ? {} : { build: build.command.join(' ') }) };
}

/** Everything that speaks against taking a row's figures as they are; null when nothing does. */
function caveatOf(row: CatalogueRow | undefined, dataPlaneCores: number): string | null {
  const known = [row?.caveat ?? null, dataPlaneCores < 2 ? (row?.needsTwoCores ?? null) : null];
  const said = known.filter((one) => one !== null);
  return said.length === 0 ? null : said.join('; ');
}

/** The options as words and numbers; those of TLS only where there is any. `here` is whether programs are this machine's. */
function optionsIn({ form }: VariantSpec, here: boolean): RunVariant['options'] {
  switch (form.type) {
    case 'direct':
      return {};
    case 'zero-sidecar': {
      const { sameHost, interception, policy } = form.options;
      return { sameHost, interception, policy };
    }
    case 'injected':
      return injectedOptionsIn(form.settings);
    case 'custom':
      return {
        ...(form.settings.image === null ? {} : { image: form.settings.image }),
        ...(form.command.length === 0 ? {} : { command: form.command.join(' ') }),
        ...(form.settings.metrics === null ? {} : { metrics: form.settings.metrics.url }),
      };
    case 'foreign':
      return foreignOptionsIn(form, here);
    case 'node':
      return {
        buffers: form.options.buffers,
        idleUpstreamConnections: form.idleUpstreamConnections,
      };
    case 'sidecar': {
      const { tls, ...options } = form.options;
      const secured = form.proxies.some(({ listen }) => listen.security === 'mtls');
      return {
        ...options,
        idleUpstreamConnections: form.idleUpstreamConnections,
        ...(secured
          ? Object.fromEntries(Object.entries(tls).map(([name, value]) => [`tls.${name}`, value]))
          : {}),
      };
    }
  }
}

/** What its pods ask by, and what must then be in them. */
function injectedOptionsIn(settings: InjectionSettings): RunVariant['options'] {
  const asked = [
    ...[settings.namespaceLabels, settings.namespaceAnnotations],
    ...[settings.podLabels, settings.podAnnotations],
  ].flatMap((words) => Object.entries(words).map(([name, value]) => `${name}=${value}`));
  return {
    asks: asked.join(', '),
    containers: settings.containers.length === 0 ? 'none' : settings.containers.join(', '),
    sides: settings.sides.join(', '),
  };
}
