/** From a variant as a scenario declares it to processes that can be started and claims that can be held against them. */
import { catalogueRow } from './catalogue.js';
import type { CatalogueRow } from './catalogue-row.js';
import { claimsOf } from './claims.js';
import { optionsOf, type SidecarOptions, type WrittenOptions } from './options.js';
import { type ProxySpec, proxiesOf, type Surroundings } from './path.js';
import type { Claim } from './witnesses.js';

/** A variant as a scenario declares it, after validation. */
export interface DeclaredVariant {
  readonly id: string;
  readonly kind: string;
  /** Options over the row's preset; only for rows that are sidecars of ours. */
  readonly options: WrittenOptions;
  /** Only for `custom`: argv with `{listen}` and `{upstream}` to be filled in with `host:port`. */
  readonly command: readonly string[] | null;
}

/** A variant that a cluster can stand up. */
export interface VariantSpec {
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly claims: readonly Claim[];
  readonly form:
    | { readonly type: 'direct' }
    | {
        readonly type: 'sidecar' | 'node';
        /** In the order that a request passes them. */
        readonly proxies: readonly ProxySpec[];
        /** The options it is stood up with, which are those it claims unless it is disarmed. */
        readonly options: SidecarOptions;
        /** `idleUpstreamConnections` with `auto` resolved. */
        readonly idleUpstreamConnections: number;
      }
    | { readonly type: 'custom'; readonly command: readonly string[] };
}

/** Options of a declared variant: its row's preset with the declared ones over it. */
export function declaredOptions(row: CatalogueRow, options: WrittenOptions): SidecarOptions | null {
  return row.form.type === 'sidecar' || row.form.type === 'node' ? optionsOf(row.form.preset, options) : null;
}

/** Turns a declared variant into one that can be stood up. Throws RangeError for a kind the catalogue does not have, which validation has excluded. */
export function resolveVariant(declared: DeclaredVariant, surroundings: Surroundings): VariantSpec {
  const row = catalogueRow(declared.kind);
  if (row === undefined) throw new RangeError(`no kind ${declared.kind} in the catalogue`);
  const { kind, description, form } = row;
  const base = { id: declared.id, kind, description };
  switch (form.type) {
    case 'direct':
      return { ...base, claims: [], form: { type: 'direct' } };
    case 'custom':
      return { ...base, claims: [], form: { type: 'custom', command: declared.command ?? [] } };
    case 'sidecar':
    case 'node': {
      const claimed = optionsOf(form.preset, declared.options);
      const options = claimed.testDisarm ? optionsOf(form.preset, declared.options, form.opposite) : claimed;
      const idleUpstreamConnections =
        options.idleUpstreamConnections === 'auto'
          ? surroundings.connections
          : options.idleUpstreamConnections;
      return {
        ...base,
        claims: claimsOf(row.point, claimed, proxiesOf(claimed, surroundings), surroundings, form.type),
        form: {
          type: form.type,
          proxies: proxiesOf(options, surroundings),
          options,
          idleUpstreamConnections,
        },
      };
    }
  }
}
