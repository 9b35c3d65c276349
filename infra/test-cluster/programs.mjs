/** What a node needs of the machine: a container runtime, network plugins and tools, from Debian. */
import { existsSync } from 'node:fs';
import { aptCommand, installWithApt } from '../setup/apt.mjs';
import { MissingProgram } from '../setup/missing-program.mjs';
import { findExecutable } from '../setup/steps.mjs';

/** A program, or a file, and the package that brings it. */
const NEEDED = /** @type {const} */ ([
  ['containerd', 'containerd'],
  ['runc', 'runc'],
  ['/usr/lib/cni/bridge', 'containernetworking-plugins'],
  ['nft', 'nftables'],
  ['iptables', 'iptables'],
  ['conntrack', 'conntrack'],
  ['ip', 'iproute2'],
  ['nsenter', 'util-linux'],
]);

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/**
 * @returns {Promise<string>} what was there or has been installed
 * @throws {MissingProgram} where a cluster cannot stand, with what would let it
 */
export async function ensureNodePrograms() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new MissingProgram('a test cluster needs root on Linux', {
      mend: 'run it as root, or point KUBECONFIG at a cluster of your own',
    });
  }
  if (existsSync('/run/systemd/system') && !isThere('containerd')) {
    throw new MissingProgram(
      'containerd is not installed, and its package would start a service of this machine’s own',
      {
        mend: aptCommand('containerd runc containernetworking-plugins'),
      },
    );
  }
  const lacking = NEEDED.filter(([program]) => !isThere(program)).map(([, name]) => name);
  for (const name of lacking) await installWithApt(name);
  const still = NEEDED.filter(([program]) => !isThere(program)).map(([, name]) => name);
  if (still.length > 0) {
    throw new MissingProgram(`there is no ${still.join(', ')} on this machine`, {
      mend: `on Debian: ${aptCommand(still.join(' '))}`,
    });
  }
  return lacking.length === 0 ? 'present' : `installed ${lacking.join(', ')}`;
}

/** @param {string} program */
function isThere(program) {
  return program.startsWith('/')
    ? existsSync(program)
    : findExecutable([program], FOLDERS.join(':')) !== null;
}
