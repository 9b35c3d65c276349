/** What the machine is: everything a reader needs to judge whether two runs can be compared. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, loadavg, platform, release, totalmem } from 'node:os';
import { gunzipSync } from 'node:zlib';
import type { MachineInfo } from '../record/index.js';

/** Reads the machine. `goVersion` is the data plane's compiler, `binaries` maps names to SHA-256 digests. */
export function readMachine(
  goVersion: string | null,
  binaries: Readonly<Record<string, string>>,
): MachineInfo {
  const processors = cpus();
  const cpuModel = processors[0]?.model.trim() ?? 'unknown';
  const cores = Math.max(processors.length, 1);
  const memoryBytes = totalmem();
  const governor = readText('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  // Versions and digests are in the record but not in the fingerprint: it says "same machine", not "same build".
  const fingerprint = createHash('sha256')
    .update(
      JSON.stringify([
        platform(),
        arch(),
        release(),
        cpuModel,
        cores,
        Math.round(memoryBytes / 2 ** 30),
        governor,
      ]),
    )
    .digest('hex')
    .slice(0, 16);
  return {
    hostname: hostname(),
    platform: platform(),
    arch: arch(),
    kernel: release(),
    cpuModel,
    cores,
    memoryBytes,
    governor,
    virtualised: virtualisation(),
    loadAverage: loadavg(),
    clockTicksPerSecond: platform() === 'linux' ? 100 : null,
    interruptAccounting: interruptAccounting(),
    nodeVersion: process.version,
    goVersion,
    binaries: { ...binaries },
    fingerprint,
  };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** "hypervisor" when the CPU says that it is a virtual one; null when it does not or cannot say. */
function virtualisation(): string | null {
  const flags = /^flags\s*:(.*)$/m.exec(readText('/proc/cpuinfo') ?? '')?.[1] ?? '';
  return flags.split(' ').includes('hypervisor') ? 'hypervisor' : null;
}

/** Whether interrupt time is accounted apart from the task it interrupted, from the kernel's own configuration. */
function interruptAccounting(): string {
  const configuration = kernelConfiguration();
  if (configuration === null) return 'unknown: the kernel’s configuration cannot be read';
  return /^CONFIG_IRQ_TIME_ACCOUNTING=y$/m.test(configuration)
    ? 'interrupt time is accounted apart'
    : 'off: interrupt time is billed to whatever was running';
}

function kernelConfiguration(): string | null {
  try {
    return gunzipSync(readFileSync('/proc/config.gz')).toString('utf8');
  } catch {
    return readText(`/boot/config-${release()}`);
  }
}
