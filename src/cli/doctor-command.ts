/** `meshmark doctor`: what this machine can measure, what it cannot, and what would mend it. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  allowedCores,
  cgroup2Mount,
  dataplaneBinary,
  type ExternalProgram,
  FOREIGN_PROGRAMS,
  findLeftovers,
  findProgram,
  howToGet,
  lacking,
  programVersion,
  splitCores,
} from '../host/index.js';
import { perfSight, readMachine } from '../probes/index.js';
import { KERNEL_FEATURES } from '../variants/index.js';
import { EXIT, type ExitCode } from './outcome.js';
import type { Terminal } from './terminal.js';

type Finding =
  | { readonly check: string; readonly state: 'ok'; readonly detail: string }
  | {
      readonly check: string;
      readonly state: 'limited' | 'missing';
      readonly detail: string;
      readonly mend: string;
    };

/** Prints one line per finding; exit 4 when something without which nothing runs is missing. */
export function doctorCommand(terminal: Terminal, options: { readonly json: boolean }): ExitCode {
  const findings = examine();
  const exitCode = findings.some((finding) => finding.state === 'missing') ? EXIT.environment : EXIT.passed;
  if (options.json) {
    terminal.print(JSON.stringify({ findings }, null, 2));
    return exitCode;
  }
  const signs = {
    ok: terminal.paint('green', 'ok     '),
    limited: terminal.paint('yellow', 'limited'),
    missing: terminal.paint('red', 'missing'),
  };
  for (const finding of findings) {
    terminal.print(`${signs[finding.state]}  ${finding.check}: ${finding.detail}`);
    if (finding.state !== 'ok') terminal.print(`         ${finding.mend}`);
  }
  return exitCode;
}

function examine(): Finding[] {
  return [
    node(),
    dataPlane(),
    cores(),
    cgroups(),
    cpuClock(),
    noise(),
    kernelHooks(),
    ...FOREIGN_PROGRAMS.map((name) => program(name, 'its rows are left out of a run')),
    program('k6', 'scenarios with `driver: k6` cannot run'),
    perf(),
    browser(),
    leftovers(),
  ];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const check = 'Node.js';
  if (major > 20 || (major === 20 && minor >= 19)) return { check, state: 'ok', detail: process.version };
  return {
    check,
    state: 'missing',
    detail: `${process.version} is too old`,
    mend: 'install Node.js 20.19 or later',
  };
}

function dataPlane(): Finding {
  const check = 'data plane';
  try {
    const version = execFileSync(dataplaneBinary(), ['version'], { encoding: 'utf8' }).trim();
    return { check, state: 'ok', detail: version };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return { check, state: 'missing', detail, mend: 'npm run build:go' };
  }
}

function cores(): Finding {
  const split = splitCores(allowedCores(), process.platform === 'linux');
  const check = 'cores';
  if (split.shared === null) {
    const detail = `generator and services on ${split.generator.join(', ')}; data plane on ${split.dataPlane.join(', ')}`;
    return { check, state: 'ok', detail };
  }
  return {
    check,
    state: 'limited',
    detail: `generator and data plane share their cores: ${split.shared}`,
    mend: 'latency will carry the generator’s own queueing; use a Linux machine with at least two cores',
  };
}

function cgroups(): Finding {
  const check = 'cgroups';
  if (process.platform !== 'linux') {
    return {
      check,
      state: 'limited',
      detail: 'not on this platform',
      mend: 'variants run without; the record says so',
    };
  }
  const mount = cgroup2Mount();
  const mend = 'variants run without a cgroup of their own; the record says so';
  if (mount === null) return { check, state: 'limited', detail: 'no cgroup v2 is mounted', mend };
  try {
    accessSync(mount, constants.W_OK);
    return { check, state: 'ok', detail: `cgroup v2 at ${mount}` };
  } catch {
    return {
      check,
      state: 'limited',
      detail: `no right to make groups under ${mount}`,
      mend: `run as root, or: ${mend}`,
    };
  }
}

function cpuClock(): Finding {
  const check = 'CPU clocks';
  if (process.platform === 'linux')
    return { check, state: 'ok', detail: 'process CPU clocks in nanoseconds' };
  return {
    check,
    state: 'limited',
    detail: 'another process’s CPU clock cannot be read on this platform',
    mend: 'CPU metrics are null with that reason; latency, allocation and GC are measured',
  };
}

function noise(): Finding {
  const machine = readMachine(null, {});
  const [load = 0] = machine.loadAverage;
  const check = 'noise';
  const detail = `${machine.cpuModel}, ${machine.cores} cores, load ${load.toFixed(2)}, governor ${machine.governor ?? 'not shown'}`;
  if (load < machine.cores * 0.5) return { check, state: 'ok', detail };
  return {
    check,
    state: 'limited',
    detail,
    mend: 'something else is using this machine; end it before you measure',
  };
}

function kernelHooks(): Finding {
  const check = 'eBPF and nftables';
  const missing = KERNEL_FEATURES.flatMap((feature) => {
    const reason = lacking(`kernel:${feature}`);
    return reason === null ? [] : [`${feature}: ${reason.replace(`${feature}: `, '')}`];
  });
  if (missing.length === 0) {
    return { check, state: 'ok', detail: `${KERNEL_FEATURES.join(', ')}, each tried by attaching it` };
  }
  return {
    check,
    state: 'limited',
    detail: missing.join('; '),
    mend: 'rows that need it are unavailable and the rest of a scenario runs; they want root, cgroup v2 and, for redirect, nftables',
  };
}

function program(name: ExternalProgram, without: string): Finding {
  const path = findProgram(name);
  return path === null
    ? {
        check: name,
        state: 'limited',
        detail: `not found; ${without}`,
        mend: howToGet(name),
      }
    : { check: name, state: 'ok', detail: `${programVersion(name, path)} (${path})` };
}

function perf(): Finding {
  const check = 'perf';
  const sight = perfSight();
  switch (sight.sees) {
    case 'all':
      return { check, state: 'ok', detail: `${programVersion('perf', sight.path)} (${sight.path})` };
    case 'user':
      return {
        check,
        state: 'limited',
        detail: 'it may see no more than a program’s own code, the kernel’s part is left out of profiles',
        mend: 'run as root, or: sysctl kernel.perf_event_paranoid=1',
      };
    case 'nothing':
      return {
        check,
        state: 'limited',
        detail: 'proxies of others cannot be profiled',
        mend: sight.why,
      };
  }
}

function browser(): Finding {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const found = process.env.MESHMARK_CHROMIUM ?? names.map(onPath).find((path) => path !== null);
  const check = 'browser for the report’s tests';
  if (found !== undefined && found !== null) return { check, state: 'ok', detail: found };
  return {
    check,
    state: 'limited',
    detail: 'no Chromium found',
    mend: 'only needed by npm test: apt-get install chromium',
  };
}

function onPath(name: string): string | null {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return null;
}

function leftovers(): Finding {
  const { processes, cgroups: groups } = findLeftovers();
  const check = 'leftovers';
  if (processes.length + groups.length === 0) return { check, state: 'ok', detail: 'none' };
  return {
    check,
    state: 'limited',
    detail: `${processes.length} processes and ${groups.length} cgroups of a run that crashed`,
    mend: 'npx meshmark clean',
  };
}
