/** Runs the sidecar as a process of its own, from its sources as they are now. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

export interface Snapshot {
  readonly schema: string;
  readonly role: string;
  readonly pid: number;
  readonly nodeVersion: string;
  readonly atMicros: number;
  readonly runtime: {
    readonly gcCycles: number;
    readonly gcPauses: { readonly upperNs: (number | null)[]; readonly counts: number[] };
    readonly gcCpuSeconds: number;
    readonly allocBytes: number;
    readonly allocHeapBytes: number;
    readonly allocOffHeapBytes: number;
    readonly heapLiveBytes: number;
  };
  readonly witness: Readonly<Record<string, number>>;
}

export interface RunningSidecar {
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  snapshot(): Promise<Snapshot>;
  log(): string;
  /** Sends SIGTERM, or what is given, and resolves with the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compiles the sidecar once and starts it as often as is asked; `close` ends what still runs. */
export function createSidecarHost() {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-node-sidecar-'));
  const script = join(folder, 'main.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('../main.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  const running = new Set<ChildProcess>();

  const launch = (args: readonly string[], nodeArgs: readonly string[] = []): ChildProcess => {
    const child = spawn(process.execPath, [...nodeArgs, script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    return child;
  };

  return {
    start(upstreamPort: number, ...args: string[]): Promise<RunningSidecar> {
      return this.startUnder([], upstreamPort, ...args);
    },
    /** The same, with arguments for Node.js itself. */
    async startUnder(
      nodeArgs: readonly string[],
      upstreamPort: number,
      ...args: string[]
    ): Promise<RunningSidecar> {
      const child = launch(['--upstream', `127.0.0.1:${upstreamPort}`, ...args], nodeArgs);
      let log = '';
      child.stderr?.on('data', (chunk) => {
        log += chunk;
      });
      const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
      const line = await new Promise<string>((resolve, reject) => {
        if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', resolve);
        child.once('exit', () => reject(new Error(`the sidecar ended: ${log}`)));
      });
      const { address, admin, pid } = JSON.parse(line) as { address: string; admin: string; pid: number };
      const [host = '', port = ''] = address.split(':');
      return {
        pid,
        host,
        port: Number(port),
        snapshot: async () => JSON.parse(await fetchText(`http://${admin}/snapshot`)) as Snapshot,
        log: () => log,
        end: (signal = 'SIGTERM') => {
          child.kill(signal);
          return exited;
        },
      };
    },
    /** Runs it until it ends by itself. */
    run(...args: string[]): Promise<Ended> {
      const child = launch(args);
      let stdout = '';
      let stderr = '';
      child.stdout?.on('data', (chunk) => {
        stdout += chunk;
      });
      child.stderr?.on('data', (chunk) => {
        stderr += chunk;
      });
      return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
    },
    close(): void {
      for (const child of running) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    }).on('error', reject);
  });
}
