/**
 * Whether an Intel QuickAssist device is here that TLS can use for private keys, and if not, where was looked and what
 * was found there. By the kernel's Documentation/ABI/testing/sysfs-driver-qat and debugfs-driver-qat.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { INTEL, PHYSICAL_IDS, VIRTUAL_IDS } from './quickassist-ids.js';

export interface QuickAssistDevice {
  /** Domain, bus, device and function: "0000:6b:00.0". */
  readonly address: string;
  readonly function: 'physical' | 'virtual';
  /** Path of the file that counts its firmware's requests; null where the kernel shows none. */
  readonly counters: string | null;
}

export type QuickAssist =
  | { readonly state: 'available'; readonly devices: readonly QuickAssistDevice[] }
  /** What was looked at, and what was found there, one sentence each; never empty. */
  | { readonly state: 'unavailable'; readonly looked: readonly string[] };

interface Function {
  readonly address: string;
  /** The id with its vendor's: "8086:4940". */
  readonly id: string;
  readonly name: string;
  readonly virtual: boolean;
}

const PCI = 'sys/bus/pci/devices';
const DEBUG = 'sys/kernel/debug';

/** Looks below `root`, which is the machine's own for everybody but tests. Never throws. */
export function findQuickAssist(root = '/'): QuickAssist {
  const devices: QuickAssistDevice[] = [];
  const looked: string[] = [];
  const functions = functionsBelow(root);
  if (functions.length === 0) {
    looked.push(
      `/${PCI}: ${listed(join(root, PCI)).length} devices, none with a QuickAssist id (${INTEL}:${[...Object.keys(PHYSICAL_IDS), ...Object.keys(VIRTUAL_IDS)].join(', ')})`,
    );
  }
  for (const one of functions) {
    const lack = one.virtual ? lackOfVirtual(root, one) : lackOfPhysical(root, one);
    if (lack !== null) {
      looked.push(`${one.id} at ${one.address}, but ${lack}`);
      continue;
    }
    devices.push({
      address: one.address,
      function: one.virtual ? 'virtual' : 'physical',
      counters: countersOf(root, one),
    });
  }
  const nodes = listed(join(root, 'dev')).filter((name) => name.startsWith('qat_'));
  if (devices.length > 0) return { state: 'available', devices };
  looked.push(
    nodes.length === 0
      ? '/dev/qat_*: none'
      : `/dev: ${nodes.join(', ')}, which no device above stands behind`,
    `/dev/vfio: ${listed(join(root, 'dev/vfio')).join(', ') || 'none'}`,
  );
  return { state: 'unavailable', looked };
}

/** Why there is no device, in one line: every place that was looked at; null when there is one. */
export function lackOfQuickAssist(found: QuickAssist): string | null {
  return found.state === 'available' ? null : `no QuickAssist device (looked at ${found.looked.join('; ')})`;
}

/** QuickAssist functions by their whole id: Intel's vendor id alone is that of most machines' chipset. */
function functionsBelow(root: string): Function[] {
  return listed(join(root, PCI)).flatMap((address) => {
    const at = join(root, PCI, address);
    const [vendor, device] = [hexadecimal(read(join(at, 'vendor'))), hexadecimal(read(join(at, 'device')))];
    if (vendor !== INTEL || device === null) return [];
    const physical = PHYSICAL_IDS[device];
    const virtual = VIRTUAL_IDS[device];
    const name = physical ?? virtual;
    if (name === undefined) return [];
    return [{ address, id: `${vendor}:${device}`, name, virtual: physical === undefined }];
  });
}

/** Why a physical function cannot serve; null when it can. */
function lackOfPhysical(root: string, { address }: Function): string | null {
  const at = join(root, PCI, address);
  const driver = linkName(join(at, 'driver'));
  if (driver === null) return 'no driver is bound to it: run `modprobe` for its qat driver';
  const state = read(join(at, 'qat/state'));
  // Drivers of before the fourth generation do not tell their state; their device nodes then say that they are up.
  if (state === null) {
    return listed(join(root, 'dev')).some((name) => name.startsWith('qat_'))
      ? null
      : `its driver ${driver} tells no qat/state, and there is no /dev/qat_*`;
  }
  if (state !== 'up') {
    return `qat/state is ${state}: run \`echo up > /${PCI}/${address}/qat/state\``;
  }
  return lackOfServices(root, address);
}

function lackOfServices(root: string, address: string): string | null {
  const services = read(join(root, PCI, address, 'qat/cfg_services'));
  if (services === null || services.split(';').includes('asym')) return null;
  const path = `/${PCI}/${address}/qat`;
  return `qat/cfg_services is ${services}, without asym, which private keys need: run \`echo down > ${path}/state; echo "asym;sym" > ${path}/cfg_services; echo up > ${path}/state\``;
}

/** Why a virtual function cannot be handed to a process; null when it can. */
function lackOfVirtual(root: string, { address }: Function): string | null {
  const at = join(root, PCI, address);
  const driver = linkName(join(at, 'driver'));
  if (driver !== 'vfio-pci') {
    return `it is bound to ${driver ?? 'no driver'} and not to vfio-pci, by which a process gets at it`;
  }
  const group = linkName(join(at, 'iommu_group'));
  if (group === null) return 'it is in no IOMMU group: boot with intel_iommu=on';
  if (!existsSync(join(root, 'dev/vfio', group))) return `/dev/vfio/${group} is not there`;
  const physical = linkName(join(at, 'physfn'));
  // In a virtual machine its physical function belongs to the host, which has set the services.
  if (physical === null) return null;
  const state = read(join(root, PCI, physical, 'qat/state'));
  if (state !== null && state !== 'up') return `qat/state of its physical function ${physical} is ${state}`;
  return lackOfServices(root, physical);
}

/** debugfs-driver-qat: `qat_<device>_<BDF>/fw_counters`, of physical functions alone; readable by root. */
function countersOf(root: string, { address, name, virtual }: Function): string | null {
  const physical = virtual ? linkName(join(root, PCI, address, 'physfn')) : address;
  if (physical === null) return null;
  const path = join(root, DEBUG, `qat_${name}_${physical}`, 'fw_counters');
  return existsSync(path) ? path : null;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

/** Name of what a symbolic link points to; null when there is none. */
function linkName(path: string): string | null {
  try {
    return basename(readlinkSync(path));
  } catch {
    return null;
  }
}

function hexadecimal(text: string | null): string | null {
  return text === null ? null : text.toLowerCase().replace(/^0x/, '');
}
