/** Which installed proxy can hand private keys to an accelerator, found out by the program's own validator. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from './programs.js';

export type Accelerator = 'quickassist' | 'multi-buffer';
export type AcceleratedProgram = 'envoy' | 'haproxy';

/** The OpenSSL engine for QuickAssist (intel/QAT_Engine), by its id. */
export const QAT_ENGINE = 'qatengine';

const PROVIDERS = 'type.googleapis.com/envoy.extensions.private_key_providers';

/** Envoy's contributed private key providers: "qat" since 1.24, "cryptomb" since 1.20. */
export const ENVOY_PROVIDERS: Readonly<Record<Accelerator, { name: string; type: string }>> = {
  quickassist: { name: 'qat', type: `${PROVIDERS}.qat.v3alpha.QatPrivateKeyMethodConfig` },
  'multi-buffer': { name: 'cryptomb', type: `${PROVIDERS}.cryptomb.v3alpha.CryptoMbPrivateKeyMethodConfig` },
};

const VALIDATION_LIMIT_MS = 20_000;

interface Findings {
  readonly program: AcceleratedProgram | null;
  /** Why each that was asked cannot. */
  readonly reasons: readonly string[];
}

const known = new Map<Accelerator, Findings>();

/** The first installed proxy that can use the accelerator; null when none can. */
export function acceleratedProgram(accelerator: Accelerator): AcceleratedProgram | null {
  return findingsOf(accelerator).program;
}

/** Why no installed proxy can use the accelerator, each with what it lacks; null when one can. */
export function lackOfProgram(accelerator: Accelerator): string | null {
  const { program, reasons } = findingsOf(accelerator);
  return program === null ? reasons.join(', and ') : null;
}

function findingsOf(accelerator: Accelerator): Findings {
  const before = known.get(accelerator);
  if (before !== undefined) return before;
  const tried: readonly (readonly [AcceleratedProgram, string | null])[] = [
    ['envoy', lackOfEnvoy(accelerator)],
    // OpenSSL has no engine for multi-buffer cryptography apart from the same one, without a device.
    ...(accelerator === 'quickassist' ? [['haproxy', lackOfHaproxy()] as const] : []),
  ];
  const able = tried.find(([, reason]) => reason === null);
  const findings = {
    program: able?.[0] ?? null,
    reasons: tried.flatMap(([, reason]) => (reason === null ? [] : [reason])),
  };
  known.set(accelerator, findings);
  return findings;
}

function lackOfEnvoy(accelerator: Accelerator): string | null {
  const { name, type } = ENVOY_PROVIDERS[accelerator];
  const path = findProgram('envoy');
  if (path === null) return `there is no Envoy here (its contrib build has the provider ${name})`;
  const said = judged(path, 'envoy.json', envoyProbe(name, type), ['--mode', 'validate', '-c']);
  // One that knows the type goes on to find fault with the key that is none.
  return said === null || said.includes(`could not find @type '${type}'`)
    ? `the Envoy at ${path} is not a contrib build: it has no private key provider ${name}`
    : null;
}

function lackOfHaproxy(): string | null {
  const path = findProgram('haproxy');
  if (path === null) return `there is no HAProxy here (with the OpenSSL engine ${QAT_ENGINE} it could)`;
  const said = judged(path, 'haproxy.cfg', haproxyProbe(), ['-c', '-f']);
  if (said?.includes("unknown keyword 'ssl-engine'") === true) {
    return `the HAProxy at ${path} was built without OpenSSL engines (USE_ENGINE)`;
  }
  return said === null || said.includes('ALERT')
    ? `the HAProxy at ${path} cannot load the OpenSSL engine ${QAT_ENGINE}`
    : null;
}

/** What a program's validator says of a file; null when it cannot be asked. */
function judged(program: string, name: string, text: string, argv: readonly string[]): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-probe-'));
  try {
    const file = join(folder, name);
    writeFileSync(file, text);
    const said = spawnSync(program, [...argv, file], { encoding: 'utf8', timeout: VALIDATION_LIMIT_MS });
    return said.error === undefined ? said.stdout + said.stderr : null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function envoyProbe(name: string, type: string): string {
  const provider = {
    provider_name: name,
    typed_config: { '@type': type, poll_delay: '0.002s', private_key: { inline_string: 'none' } },
  };
  const tls = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  const cluster = {
    name: 'probe',
    type: 'STATIC',
    load_assignment: { cluster_name: 'probe', endpoints: [] },
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': tls,
        common_tls_context: { tls_certificates: [{ private_key_provider: provider }] },
      },
    },
  };
  return JSON.stringify({ static_resources: { clusters: [cluster] } });
}

function haproxyProbe(): string {
  const limits = ['connect', 'client', 'server'].map((side) => `  timeout ${side} 1s`);
  return `${[
    'global',
    `  ssl-engine ${QAT_ENGINE} algo ALL`,
    '  ssl-mode-async',
    'defaults',
    '  mode http',
    ...limits,
    'frontend probe',
    '  bind 127.0.0.1:1',
    '',
  ].join('\n')}`;
}
