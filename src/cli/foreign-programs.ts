/** Programs of others that a run measures, as its record tells them: which, and with what options. */
import { acceleratedProgram, fileDigest, findProgram, programVersion } from '../host/index.js';
import type { RunVariant } from '../record/index.js';
import type { ForeignProgram, VariantSpec } from '../variants/index.js';

type ForeignForm = Extract<VariantSpec['form'], { type: 'foreign' }>;

/** SHA-256 of each program of others that the variants stand of, by its name. */
export function foreignDigests(variants: readonly VariantSpec[]): Record<string, string> {
  const programs = new Set(variants.flatMap(({ form }) => (form.type === 'foreign' ? [form.program] : [])));
  return Object.fromEntries(
    [...programs].flatMap((program) => {
      const path = findProgram(program);
      return path === null ? [] : [[program, fileDigest(path)]];
    }),
  );
}

/** The variants with the program of each accelerated one chosen: the first that is here and can use the accelerator. */
export function withProgramsChosen(variants: readonly VariantSpec[]): readonly VariantSpec[] {
  return variants.map((variant) => {
    const { form } = variant;
    if (form.type !== 'foreign' || form.accelerator === null) return variant;
    return { ...variant, form: { ...form, program: acceleratedProgram(form.accelerator) ?? form.program } };
  });
}

/**
 * Duties of a mesh that a program cannot do, as the report's matrix names them. HAProxy tries again without a budget;
 * nginx tries only other upstreams again, of which a sidecar has none, and tells no latency by route.
 */
const CANNOT: Readonly<Record<ForeignProgram, readonly string[]>> = {
  envoy: [],
  haproxy: ['retry budget'],
  nginx: ['retry budget', 'latency by route'],
};

/** The options that the program has, and its version where it is one of this machine's: an image is told by its digest. */
export function foreignOptionsIn(
  { program, options, proxies, ...form }: ForeignForm,
  here: boolean,
): RunVariant['options'] {
  const { duties, accessLog, mtls, meshProtocol, upstreamConnections, tls } = options;
  const path = here ? findProgram(program) : null;
  const secured = proxies.some(({ listen }) => listen.security === 'mtls');
  const left = duties === 'mesh' ? CANNOT[program] : [];
  return {
    ...(path === null ? {} : { version: programVersion(program, path) }),
    duties,
    ...(left.length === 0 ? {} : { dutiesLeftOut: left.join(', ') }),
    accessLog,
    mtls,
    ...(form.accelerator === null ? {} : { program, accelerator: form.accelerator }),
    meshProtocol,
    upstreamConnections,
    ...(program === 'envoy' ? {} : { idleUpstreamConnections: form.idleUpstreamConnections }),
    ...(secured ? { 'tls.key': tls.key, 'tls.version': tls.version, 'tls.resumption': tls.resumption } : {}),
  };
}
