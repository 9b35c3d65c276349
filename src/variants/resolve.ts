/** From a variant as a scenario declares it to processes that can be started and claims that can be held against them. */
import { buildOf, type VariantBuild, type Version } from './build.js';
import { catalogueRow } from './catalogue.js';
import type { CatalogueRow } from './catalogue-row.js';
import { claimsOf, kernelClaims } from './claims.js';
import { type CustomSettings, NO_CUSTOM_SETTINGS } from './custom.js';
import { type Accelerator, type ForeignProgram, foreignClaims } from './foreign.js';
import { type InjectionSettings, injectedRoles } from './injected.js';
import { type Need, needsOf } from './needs.js';
import { optionsOf, type SidecarOptions, type WrittenOptions } from './options.js';
import { type ProxySpec, proxiesOf, type Surroundings } from './path.js';
import type { Claim, ProxyRole } from './witnesses.js';

/** A variant as a scenario declares it, after validation. */
export interface DeclaredVariant {
  readonly id: string;
  readonly kind: string;
  /** Options over the row's preset; only for rows that are sidecars of ours. */
  readonly options: WrittenOptions;
  /** Only for `custom`: argv with `{listen}` and `{upstream}` to be filled in with `host:port`. */
  readonly command: readonly string[] | null;
  /** Only for `custom`: the rest of what it is started and watched by. */
  readonly custom?: CustomSettings;
  /** Only for `injected`: how its pods ask for the proxy. */
  readonly inject?: InjectionSettings;
  /** Only for `custom`: what builds it, before the run. */
  readonly build?: readonly string[];
  /** Which version of the scenario's repository it stands of, where a run compares two. */
  readonly version?: Version;
}

/** A variant that a cluster can stand up. */
export interface VariantSpec {
  readonly id: string;
  readonly kind: string;
  readonly description: string;
  readonly claims: readonly Claim[];
  /** What the machine must have for it to stand as it claims to. */
  readonly needs: readonly Need[];
  /** What it is built from before a run; absent where it stands of programs that are there already. */
  readonly build?: VariantBuild;
  /** Program of ours that it is made of, and the folder that the user's own starts in, where these were built for the run. */
  readonly program?: string;
  readonly directory?: string;
  readonly form:
    | { readonly type: 'direct' }
    | {
        readonly type: 'zero-sidecar';
        /** The options it is stood up with, which are those it claims unless it is disarmed. */
        readonly options: SidecarOptions;
      }
    | {
        readonly type: 'sidecar' | 'node';
        /** In the order that a request passes them. */
        readonly proxies: readonly ProxySpec[];
        /** The options it is stood up with, which are those it claims unless it is disarmed. */
        readonly options: SidecarOptions;
        /** `idleUpstreamConnections` with `auto` resolved. */
        readonly idleUpstreamConnections: number;
      }
    | {
        readonly type: 'foreign';
        readonly program: ForeignProgram;
        /** What does its private-key work; null for the processor. */
        readonly accelerator: Accelerator | null;
        readonly proxies: readonly ProxySpec[];
        readonly options: SidecarOptions;
        readonly idleUpstreamConnections: number;
        /** Whether what passes is gRPC. */
        readonly grpc: boolean;
      }
    | {
        readonly type: 'custom';
        readonly command: readonly string[];
        readonly settings: CustomSettings;
        /** Those that it stands for, each a process of its own. */
        readonly roles: readonly ProxyRole[];
      }
    | {
        readonly type: 'injected';
        readonly settings: InjectionSettings;
        readonly roles: readonly ProxyRole[];
      };
}

/** Options of a declared variant: its row's preset with the declared ones over it. */
export function declaredOptions(row: CatalogueRow, options: WrittenOptions): SidecarOptions | null {
  return 'preset' in row.form ? optionsOf(row.form.preset, options) : null;
}

/** Turns a declared variant into one that can be stood up. Throws RangeError for a kind the catalogue does not have, which validation has excluded. */
export function resolveVariant(declared: DeclaredVariant, surroundings: Surroundings): VariantSpec {
  const row = catalogueRow(declared.kind);
  if (row === undefined) throw new RangeError(`no kind ${declared.kind} in the catalogue`);
  const { kind, description, form } = row;
  const build = buildOf(declared, form.type);
  const base = {
    ...(build === null ? {} : { build }),
    id: declared.id,
    kind,
    description,
    needs: needsOf(row.needs, declaredOptions(row, declared.options)),
  };
  switch (form.type) {
    case 'direct':
      return { ...base, claims: [], form: { type: 'direct' } };
    case 'custom':
      return customSpec(base, declared, surroundings.roles);
    case 'injected':
      return injectedSpec(base, declared);
    case 'zero-sidecar': {
      const claimed = optionsOf(form.preset, declared.options);
      const options = claimed.testDisarm ? optionsOf(form.preset, declared.options, form.opposite) : claimed;
      return { ...base, claims: kernelClaims(claimed, []), form: { type: 'zero-sidecar', options } };
    }
    case 'sidecar':
    case 'node':
    case 'foreign': {
      const claimed = optionsOf(form.preset, declared.options);
      const options = claimed.testDisarm ? optionsOf(form.preset, declared.options, form.opposite) : claimed;
      const idleUpstreamConnections =
        options.idleUpstreamConnections === 'auto'
          ? surroundings.connections
          : options.idleUpstreamConnections;
      const standing = { proxies: proxiesOf(options, surroundings), options, idleUpstreamConnections };
      const claimedProxies = proxiesOf(claimed, surroundings);
      if (form.type === 'foreign') {
        const { program, accelerator = null } = form;
        return {
          ...base,
          claims: foreignClaims(program, claimed, claimedProxies, surroundings.protocol, accelerator),
          form: {
            type: 'foreign',
            program,
            accelerator,
            grpc: surroundings.protocol === 'grpc',
            ...standing,
          },
        };
      }
      return {
        ...base,
        claims: claimsOf(row.point, claimed, claimedProxies, surroundings, form.type),
        form: { type: form.type, ...standing },
      };
    }
  }
}

/** Nothing is known of a proxy of the user's own but what it counts; being in the path is claimed where it counts that. */
function customSpec(
  base: Omit<VariantSpec, 'claims' | 'form'>,
  { command, custom: settings = NO_CUSTOM_SETTINGS }: DeclaredVariant,
  roles: readonly ProxyRole[],
): VariantSpec {
  const map = settings.metrics?.map ?? {};
  const counts = Object.hasOwn(map, 'requests') || Object.hasOwn(map, 'bytesCopied');
  return {
    ...base,
    claims: counts ? ['proxy-in-path'] : [],
    form: { type: 'custom', command: command ?? [], settings, roles },
  };
}

/** Whether its proxy is in the path is seen from the service: who connects to it stands beside it, or does not. */
function injectedSpec(
  base: Omit<VariantSpec, 'claims' | 'form'>,
  { id, inject: settings }: DeclaredVariant,
): VariantSpec {
  if (settings === undefined) throw new RangeError(`${id} does not say what is injected`);
  const roles = injectedRoles(settings);
  // Validation has seen to it that the service's side is among them, where there are any.
  return {
    ...base,
    claims: [roles.length === 0 ? 'unproxied' : 'proxied'],
    form: { type: 'injected', settings, roles },
  };
}
