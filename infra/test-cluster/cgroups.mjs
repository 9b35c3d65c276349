/** The cgroups that each node's pods are in, in every hierarchy that the machine has mounted. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Mount points of cgroup hierarchies, of either version. */
function hierarchies() {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path = '']) => path);
}

/** Makes a node's root in each hierarchy: a kubelet refuses one that is not there. @param {string} root */
export function makeCgroups(root) {
  for (const hierarchy of hierarchies()) {
    const path = join(hierarchy, root);
    mkdirSync(path, { recursive: true });
    // The first version's cpuset has none of its parent's cores until it is given them.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = join(path, file);
      if (!existsSync(join(hierarchy, 'tasks')) || !existsSync(own)) continue;
      if (readFileSync(own, 'utf8').trim() === '') {
        writeFileSync(own, readFileSync(join(hierarchy, file), 'utf8'));
      }
    }
  }
}

/** Processes that are still in a node's cgroups. @param {string} root @returns {number[]} */
export function processesIn(root) {
  const pids = new Set();
  for (const hierarchy of hierarchies()) {
    for (const folder of foldersBelow(join(hierarchy, root))) {
      for (const pid of read(join(folder, 'cgroup.procs')).split('\n')) if (pid !== '') pids.add(Number(pid));
    }
  }
  return [...pids];
}

/** Removes a node's cgroups; those that still hold a process stay. @param {string} root */
export function removeCgroups(root) {
  for (const hierarchy of hierarchies()) {
    for (const folder of foldersBelow(join(hierarchy, root)).reverse()) {
      try {
        rmdirSync(folder);
      } catch {
        // It holds a process, which the caller tells.
      }
    }
  }
}

/** A folder and all below it, parents first. @param {string} folder @returns {string[]} */
function foldersBelow(folder) {
  if (!existsSync(folder)) return [];
  const below = readdirSync(folder).map((name) => join(folder, name));
  return [folder, ...below.filter((path) => isFolder(path)).flatMap(foldersBelow)];
}

/** @param {string} path */
function isFolder(path) {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
