/** What the policy server of a run allows: everything but one path, which the run asks for to see a denial enforced. */

/** A path that no identity may ask for. */
export const FORBIDDEN_PATH = '/forbidden';

/** As many rules as a small mesh has for a service; the workload's own path is allowed by the last of them. */
export const POLICY_RULES: readonly PolicyRule[] = [
  { identity: '*', method: '*', path: FORBIDDEN_PATH, effect: 'deny' },
  ...Array.from({ length: 20 }, (_, index) => ({
    identity: `spiffe://meshmark/tenant-${index}`,
    method: 'GET',
    path: `/tenants/${index}/*`,
    effect: 'allow' as const,
  })),
  { identity: '*', method: '*', path: '/*', effect: 'allow' },
];

interface PolicyRule {
  readonly identity: string;
  readonly method: string;
  readonly path: string;
  readonly effect: 'allow' | 'deny';
}
