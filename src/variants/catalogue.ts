/** The catalogue: every kind of variant, what it is, and what must be proved of it. */
import { type SidecarOptions, sidecarOptions } from './options.js';
import type { WitnessName } from './witnesses.js';

export interface CatalogueRow {
  readonly kind: string;
  readonly description: string;
  /** The row that differs from this one in exactly one option; null for controls. */
  readonly counterpart: string | null;
  readonly form:
    | { readonly type: 'direct' }
    | { readonly type: 'sidecar'; readonly preset: Partial<SidecarOptions> }
    | { readonly type: 'custom' };
  /** Witnesses that must be exercised, the variant's own point first. */
  readonly claims: readonly WitnessName[];
}

export const CATALOGUE: readonly CatalogueRow[] = [
  {
    kind: 'direct',
    description:
      'No mesh: the client talks to the service. The control that every overhead is measured from.',
    counterpart: null,
    form: { type: 'direct' },
    claims: [],
  },
  {
    kind: 'plain',
    description:
      'The Go sidecar as people first write it: a goroutine per connection, a fresh copy buffer per body, enough idle upstream connections for the workload.',
    counterpart: null,
    form: { type: 'sidecar', preset: {} },
    claims: ['proxy-in-path', 'upstream-reuse'],
  },
  {
    kind: 'pooled-buffer',
    description: 'The plain sidecar with copy buffers that are put back and used again.',
    counterpart: 'plain',
    form: { type: 'sidecar', preset: { buffers: 'pooled' } },
    claims: ['buffer-pool', 'buffer-pool-hits', 'proxy-in-path', 'upstream-reuse'],
  },
  {
    kind: 'sidecar',
    description: 'The Go sidecar with the options the scenario gives.',
    counterpart: 'plain',
    form: { type: 'sidecar', preset: {} },
    claims: ['proxy-in-path'],
  },
  {
    kind: 'custom',
    description: 'A command of the user’s own: any proxy that can be told where to listen and where to send.',
    counterpart: null,
    form: { type: 'custom' },
    claims: [],
  },
];

/** The row of a kind, or undefined when the catalogue has none. */
export function catalogueRow(kind: string): CatalogueRow | undefined {
  return CATALOGUE.find((row) => row.kind === kind);
}

/** A variant as a scenario declares it, after validation. */
export interface DeclaredVariant {
  readonly id: string;
  readonly kind: string;
  /** Options over the row's preset; only for rows that are Go sidecars. */
  readonly options: Partial<SidecarOptions>;
  /** Only for `custom`: argv with `{listen}` and `{upstream}` to be filled in with `host:port`. */
  readonly command: readonly string[] | null;
}

/** A variant that a cluster can stand up. */
export interface VariantSpec {
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly claims: readonly WitnessName[];
  readonly form:
    | { readonly type: 'direct' }
    /** One sidecar process per role, in the order that a request passes them. */
    | {
        readonly type: 'sidecar';
        readonly roles: readonly ('outbound' | 'inbound')[];
        readonly options: SidecarOptions;
        /** `idleUpstreamConnections` with `auto` resolved. */
        readonly idleUpstreamConnections: number;
      }
    | { readonly type: 'custom'; readonly command: readonly string[] };
}

/** What of a scenario, beside a variant's own declaration, decides how it stands. */
export interface Surroundings {
  /** Number of sidecars in the path: 1 is outbound only, 2 outbound and inbound. */
  readonly hops: 1 | 2;
  /** The workload's connections, for options that are `auto`. */
  readonly connections: number;
  readonly protocol: 'http1' | 'tcp';
}

/**
 * Turns a declared variant into one that can be stood up: the row's preset with the declared options over it. Throws RangeError for a kind the catalogue does not have, which
 * validation has excluded.
 */
export function resolveVariant(declared: DeclaredVariant, surroundings: Surroundings): VariantSpec {
  const { hops, connections, protocol } = surroundings;
  const row = catalogueRow(declared.kind);
  if (row === undefined) throw new RangeError(`no kind ${declared.kind} in the catalogue`);
  const { kind, description } = row;
  const base = { id: declared.id, kind, description };
  switch (row.form.type) {
    case 'direct':
      return { ...base, claims: row.claims, form: { type: 'direct' } };
    case 'custom':
      return {
        ...base,
        claims: row.claims,
        form: { type: 'custom', command: declared.command ?? [] },
      };
    case 'sidecar': {
      const options = sidecarOptions.parse({
        ...row.form.preset,
        ...declared.options,
      });
      const idleUpstreamConnections =
        options.idleUpstreamConnections === 'auto' ? connections : options.idleUpstreamConnections;
      const claims = claimsOf(row.claims, options, protocol, idleUpstreamConnections >= connections);
      const roles = hops === 1 ? (['outbound'] as const) : (['outbound', 'inbound'] as const);
      return {
        ...base,
        claims,
        form: { type: 'sidecar', roles, options, idleUpstreamConnections },
      };
    }
  }
}

/**
 * What a sidecar's options make it claim, the row's own point first; options may take a claim away. A sidecar that
 * copies bytes has one upstream connection, and gets its buffers once, per client connection: it claims neither reuse
 * nor pool hits.
 */
function claimsOf(
  rowClaims: readonly WitnessName[],
  options: SidecarOptions,
  protocol: Surroundings['protocol'],
  keepsEnough: boolean,
): readonly WitnessName[] {
  const perRequest = protocol === 'http1';
  const reuses = perRequest && keepsEnough;
  const pooled: readonly WitnessName[] =
    options.buffers === 'pooled'
      ? ['buffer-pool', ...(perRequest ? (['buffer-pool-hits'] as const) : [])]
      : [];
  const byOptions: readonly WitnessName[] = [
    ...pooled,
    'proxy-in-path',
    ...(reuses ? (['upstream-reuse'] as const) : []),
  ];
  const kept = rowClaims.filter((claim) => byOptions.includes(claim));
  return [...kept, ...byOptions.filter((claim) => !kept.includes(claim))];
}
