/** Runs the built command line as a user would: a real process, its streams and its exit code. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, from a source or a compiled file alike. */
export const checkout = join(fileURLToPath(import.meta.url), '..', '..', '..');

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Resolves once stdout or stderr has matched; rejects when the command ends first. */
  saw(pattern: RegExp): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts `meshmark …args` from `directory`. */
export function startMeshmark(
  args: readonly string[],
  options: { readonly directory?: string; readonly env?: Readonly<Record<string, string>> } = {},
): RunningCommand {
  const child = spawn(process.execPath, [join(checkout, 'dist', 'cli', 'main.js'), ...args], {
    cwd: options.directory ?? checkout,
    env: { ...process.env, CI: 'true', NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
    for (const watch of watchers) watch();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
    for (const watch of watchers) watch();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
  return {
    pid: child.pid ?? -1,
    ended,
    kill: (signal) => {
      child.kill(signal);
    },
    saw: (pattern) =>
      new Promise((resolve, reject) => {
        const watch = () => {
          if (!pattern.test(stdout) && !pattern.test(stderr)) return;
          watchers.delete(watch);
          resolve();
        };
        watchers.add(watch);
        watch();
        ended.then(() => reject(new Error(`ended before ${pattern}: ${stdout}${stderr}`))).catch(reject);
      }),
  };
}

/** Runs `meshmark …args` to its end. */
export function meshmark(
  args: readonly string[],
  options: { readonly directory?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Ended> {
  return startMeshmark(args, options).ended;
}

/** A fresh folder for one test. */
export function scratchFolder(): string {
  return mkdtempSync(join(process.env.MESHMARK_TEST_FOLDER ?? tmpdir(), 'meshmark-test-'));
}

/** Writes a scenario into a fresh folder and returns its path. */
export function scenarioFile(text: string): string {
  const path = join(scratchFolder(), 'scenario.yaml');
  writeFileSync(path, text);
  return path;
}
