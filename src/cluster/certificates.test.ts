import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createAuthority } from './certificates.js';

const HOUR_MS = 3_600_000;

describe('the authority of a run', () => {
  it.each([
    { key: 'rsa', type: 'rsa', detail: { modulusLength: 2048 } },
    { key: 'ecdsa', type: 'ec', detail: { namedCurve: 'prime256v1' } },
  ] as const)('issues $key identities that its own certificate proves', async ({ key, type, detail }) => {
    const folder = join(mkdtempSync(join(tmpdir(), 'meshmark-test-')), 'certificates');
    const authority = createAuthority(folder, HOUR_MS);
    const identity = await authority.identityOf('inbound', key);
    const leaf = new X509Certificate(readFileSync(identity.certificateFile));
    const root = new X509Certificate(readFileSync(identity.authorityFile));
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.publicKey.asymmetricKeyType).toBe(type);
    expect(leaf.publicKey.asymmetricKeyDetails).toMatchObject(detail);
    expect(leaf.subjectAltName).toBe('URI:spiffe://meshmark/inbound, DNS:inbound.meshmark.internal');
    expect(leaf.ca).toBe(false);
    expect(Date.parse(leaf.validTo) - Date.now()).toBeLessThanOrEqual(HOUR_MS);
    expect(statSync(identity.keyFile).mode & 0o777).toBe(0o600);
    authority.remove();
    expect(existsSync(folder)).toBe(false);
  });

  it('gives a role the same identity each time, and each role its own', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'meshmark-test-')), 'certificates');
    const authority = createAuthority(folder, HOUR_MS);
    const first = await authority.identityOf('outbound', 'ecdsa');
    expect(await authority.identityOf('outbound', 'ecdsa')).toEqual(first);
    expect(await authority.identityOf('inbound', 'ecdsa')).not.toEqual(first);
    authority.remove();
  });
});
