/** What all pods of a variant have in common that others must not know. */
import { readFileSync } from 'node:fs';
import type { VariantSpec } from '../../variants/index.js';
import type { Authority } from '../certificates.js';
import { joinedIdentity } from '../foreign/haproxy.js';
import { POLICY_RULES } from '../policy-rules.js';
import { joinedIdentityIn } from './pod-container.js';
import { identifiedRoles } from './pod-plan.js';

/** Texts of the variant's secret by key: what agents are asked with, the rules of its policy, and who its proxies are. */
export async function secretsOf(
  variant: VariantSpec,
  authority: Authority,
  token: string,
): Promise<Record<string, string>> {
  const { form } = variant;
  const secrets: Record<string, string> = { token, 'rules.json': JSON.stringify(POLICY_RULES) };
  for (const { role, key } of identifiedRoles(variant)) {
    const identity = await authority.identityOf(role, key);
    secrets[`${role}.crt`] = readFileSync(identity.certificateFile, 'utf8');
    secrets[`${role}.key`] = readFileSync(identity.keyFile, 'utf8');
    secrets['ca.crt'] = readFileSync(identity.authorityFile, 'utf8');
    if (form.type === 'foreign' && form.program === 'haproxy')
      secrets[joinedIdentityIn(role)] = joinedIdentity(identity);
  }
  return secrets;
}
