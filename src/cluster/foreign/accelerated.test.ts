/** Private keys handed to an accelerator: the whole configuration is right, but for what this machine lacks. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ENVOY_PROVIDERS, findProgram } from '../../host/index.js';
import { createAuthority } from '../certificates.js';
import type { ForeignProxy } from './configuration.js';
import { configureEnvoy } from './envoy.js';
import { configureHaproxy, HAPROXY_IDENTITY, joinedIdentity } from './haproxy.js';
import { middleProxy } from './testing/middle-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
const authority = createAuthority(join(folder, 'certificates'), 3_600_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function placed(kind: 'qat-tls' | 'cryptomb-tls', name: string): Promise<ForeignProxy> {
  const directory = join(folder, name);
  mkdirSync(directory, { recursive: true });
  const place = await middleProxy(authority, { kind, options: {} }, directory);
  if (place.identity === null) throw new Error(`${kind} has no secured hop`);
  writeFileSync(join(directory, HAPROXY_IDENTITY), joinedIdentity(place.identity));
  return place;
}

describe.each(['qat-tls', 'cryptomb-tls'] as const)('Envoy for %s', (kind) => {
  it('has the provider in both TLS contexts, without falling back, and no key beside it', async () => {
    const place = await placed(kind, `envoy-${kind}`);
    const { text } = configureEnvoy(place);
    const { name, type } = ENVOY_PROVIDERS[place.accelerator ?? 'quickassist'];
    expect(text.split(`"@type": "${type}"`)).toHaveLength(3);
    expect(text.split(`"provider_name": "${name}"`)).toHaveLength(3);
    expect(text.split('"fallback": false')).toHaveLength(3);
    const parsed = JSON.parse(text);
    const [certificate] =
      parsed.static_resources.clusters[0].transport_socket.typed_config.common_tls_context.tls_certificates;
    expect(Object.keys(certificate)).toEqual(['certificate_chain', 'private_key_provider']);
    expect(certificate.private_key_provider.typed_config.private_key).toEqual({
      filename: place.identity?.keyFile,
    });
  });

  const envoy = findProgram('envoy');
  it.skipIf(envoy === null)('is refused by a build without it for the provider alone', async () => {
    const place = await placed(kind, `envoy-${kind}`);
    const judge = (accelerator: ForeignProxy['accelerator']) => {
      const { file, text, checkArgv } = configureEnvoy({ ...place, accelerator });
      writeFileSync(join(place.directory, file), text);
      return spawnSync(envoy ?? '', checkArgv, { encoding: 'utf8' });
    };
    expect(judge(null).status).toBe(0);
    const judged = judge(place.accelerator);
    // A contrib build gets as far as looking for the device, and may find it.
    if (judged.status === 0) return;
    const { type } = ENVOY_PROVIDERS[place.accelerator ?? 'quickassist'];
    expect(judged.stderr).toMatch(new RegExp(`could not find @type '${type}'|QAT|CryptoMb|cryptomb`));
  });
});

describe('HAProxy for qat-tls', () => {
  const haproxy = findProgram('haproxy');

  it('names the engine and asks it asynchronously before it loads a key', async () => {
    const { text } = configureHaproxy(await placed('qat-tls', 'haproxy'));
    const lines = text.split('\n').map((line) => line.trim());
    expect(lines.slice(0, 4)).toEqual([
      'global',
      'nbthread 1',
      'ssl-engine qatengine algo ALL',
      'ssl-mode-async',
    ]);
    expect(configureHaproxy({ ...(await placed('qat-tls', 'haproxy')), accelerator: null }).text).not.toMatch(
      /engine|async/,
    );
  });

  it.skipIf(haproxy === null)('is right but for the engine, by its own judgement', async () => {
    const place = await placed('qat-tls', 'haproxy');
    const { file, text, checkArgv } = configureHaproxy(place);
    const judge = (written: string) => {
      writeFileSync(join(place.directory, file), written);
      return spawnSync(haproxy ?? '', checkArgv, { encoding: 'utf8' });
    };
    const withoutEngine = judge(text.replace(/^.*ssl-engine.*\n/m, ''));
    expect(withoutEngine.status, withoutEngine.stderr).toBe(0);
    const whole = judge(text);
    if (whole.status === 0) return;
    // Debian builds it without engines, so that none can take the place of this one: the line is all that is refused.
    const faults = whole.stderr.split('\n').filter((line) => /ALERT.*:\d+\]/.test(line));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/:3\] : .*(ssl-engine|qatengine)/);
  });
});
