/** Command lines of clinic's tools, and where they put what they found. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { StartedBy } from '../host/index.js';
import type { ClinicTool } from '../record/index.js';

export interface ClinicInstallation {
  /** Its program, a script for Node.js. */
  readonly program: string;
  readonly version: string;
}

/** The tools look for this in the name of what they are to show. */
const NAME = '1';

/** How a program of Node.js is started under a tool that may only collect; its own arguments follow. */
export function collectCommand(
  { program }: ClinicInstallation,
  tool: ClinicTool,
  destination: string,
): Pick<StartedBy, 'argv' | 'env'> {
  return {
    argv: [
      ...[process.execPath, program, tool, '--collect-only'],
      ...['--dest', destination, '--name', NAME, '--', 'node'],
    ],
    env: toolEnvironment(),
  };
}

export function visualizeCommand(
  { program }: ClinicInstallation,
  tool: ClinicTool,
  data: string,
): readonly [string, ...string[]] {
  return [process.execPath, program, tool, '--visualize-only', data, '--open=false'];
}

/** It asks whether it may tell its makers how it is used, and them for a newer version, unless it is told not to. */
export function toolEnvironment(): Readonly<Record<string, string>> {
  return {
    NO_INSIGHT: '1',
    NO_UPDATE_NOTIFIER: '1',
    // The tools start `node` as they find it: it is to be the one that we run in.
    PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(':'),
  };
}

/** What a tool collected below `destination`; null when it left nothing there. */
export function collectedIn(destination: string, tool: ClinicTool): string | null {
  const names = readdirSync(destination).filter(
    (name) => name.includes(`clinic-${tool}`) && !name.endsWith('.html'),
  );
  return names[0] === undefined ? null : join(destination, names[0]);
}
