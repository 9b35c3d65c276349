/** What of a run is in the kernel: eBPF programs, maps and links with our names, asked of the kernel itself. */
import { execFileSync } from 'node:child_process';
import { dataplaneBinary } from '../host/index.js';

export interface KernelObjects {
  readonly programs: readonly { readonly id: number; readonly name: string }[];
  readonly maps: readonly { readonly id: number; readonly name: string }[];
  readonly links: readonly { readonly id: number; readonly name: string }[];
}

/** Every object of ours that the kernel holds now. */
export function kernelObjects(): KernelObjects {
  const text = execFileSync(dataplaneBinary(), ['kernel', '--list'], { encoding: 'utf8' });
  return JSON.parse(text) as KernelObjects;
}

/** Tables of ours in nftables; empty where the program is not installed. */
export function nftTables(): string[] {
  try {
    return execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('meshmark'));
  } catch {
    return [];
  }
}

/** Takes every program of ours off its hook, behind the back of whoever attached it. */
export function detachPrograms(): void {
  execFileSync(dataplaneBinary(), ['kernel', '--detach']);
}

/** How many objects there are in all. */
export function countOf({ programs, maps, links }: KernelObjects): number {
  return programs.length + maps.length + links.length;
}
