/** The one place that starts processes. Everything started here dies with the harness. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { EnvironmentFault } from './fault.js';
import { OWNER_VARIABLE, ownerTag } from './identity.js';
import { dataplaneBinary } from './install.js';

export interface StartOptions {
  readonly argv: readonly string[];
  /** Cores it may run on; null leaves the harness's own. */
  readonly cores: readonly number[] | null;
  /** cgroup v2 directory it joins; null for none. */
  readonly cgroup: string | null;
  /** File of the network namespace it starts in; null or nothing leaves the harness's own. */
  readonly netns?: string | null;
  readonly env?: Readonly<Record<string, string>>;
  /** Folder it starts in; null or nothing leaves the harness's own. */
  readonly directory?: string | null;
  /** Called with each line of its stdout. Without it stdout goes to the kept log. */
  readonly onLine?: (line: string) => void;
}

/** A program that another is started by, such as a profiler. */
export interface StartedBy {
  /** Its command line, up to where that of the other goes on. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Folder it starts in. */
  readonly directory: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartedProcess {
  readonly pid: number;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<Exit>;
  /** Its exit once it has ended, else null. */
  exit(): Exit | null;
  /** Last lines of its log, oldest first. */
  logTail(): readonly string[];
  writeLine(line: string): void;
  closeInput(): void;
  /** Sends a signal to its whole process group; nothing when it is gone. */
  signal(signal: NodeJS.Signals): void;
}

export interface ProcessHost {
  start(options: StartOptions): StartedProcess;
  /** Asks with SIGTERM, waits `graceMs`, then SIGKILLs the group. */
  end(started: StartedProcess, graceMs?: number): Promise<void>;
  /** Registers a cgroup to be removed should the harness be killed. */
  watchCgroup(directory: string): void;
  /** Ends everything still running, and the guard. */
  close(): Promise<void>;
}

const LOG_LINES_KEPT = 40;

/** Starts the guard and returns the host. Throws DATAPLANE_MISSING. */
export function createProcessHost(): ProcessHost {
  const binary = dataplaneBinary();
  const running = new Set<StartedProcess>();
  const guard = spawn(binary, ['guard'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: ownEnvironment(),
  });
  // The guard only dies with us or by someone's hand; the kernel's death signal still covers direct children then.
  guard.on('error', () => undefined);
  guard.stdin.on('error', () => undefined);
  guard.unref();

  const start = (options: StartOptions): StartedProcess => {
    const started = launch(binary, options);
    running.add(started);
    guard.stdin.write(`group ${started.pid}\n`);
    started.exited
      .then(() => {
        running.delete(started);
        // What it may have left behind in its group goes with it.
        started.signal('SIGKILL');
        guard.stdin.write(`drop ${started.pid}\n`);
      })
      .catch(() => undefined);
    return started;
  };

  const end = async (started: StartedProcess, graceMs = 500): Promise<void> => {
    if (started.exit() !== null) return;
    started.signal('SIGTERM');
    const timer = setTimeout(() => started.signal('SIGKILL'), graceMs);
    await started.exited;
    clearTimeout(timer);
  };

  return {
    start,
    end,
    watchCgroup: (directory) => {
      guard.stdin.write(`cgroup ${directory}\n`);
    },
    close: async () => {
      await Promise.all([...running].map((started) => end(started)));
      const ended = new Promise<void>((resolve) => {
        if (guard.exitCode !== null || guard.signalCode !== null) resolve();
        else guard.once('exit', () => resolve());
      });
      guard.ref();
      guard.stdin.end();
      await ended;
    },
  };
}

function ownEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return { ...process.env, ...extra, [OWNER_VARIABLE]: ownerTag() };
}

function launch(binary: string, options: StartOptions): StartedProcess {
  const [command, ...rest] = options.argv;
  if (command === undefined)
    throw new EnvironmentFault('PROCESS_START', 'an empty command cannot be started');
  const place = [
    ...(options.cgroup === null ? [] : ['--cgroup', options.cgroup]),
    ...(options.cores === null ? [] : ['--cpus', options.cores.join(',')]),
    ...(options.netns === undefined || options.netns === null ? [] : ['--netns', options.netns]),
  ];
  const child = spawn(binary, ['launch', '--parent', String(process.pid), ...place, '--', command, ...rest], {
    // A group of its own: Ctrl-C in the terminal reaches only the harness, which then ends the rest in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.directory == null ? {} : { cwd: options.directory }),
    env: ownEnvironment(options.env),
  });
  if (child.pid === undefined) {
    child.on('error', () => undefined);
    throw new EnvironmentFault(
      'PROCESS_START',
      `${command} could not be started: ${binary} does not run here`,
    );
  }
  return follow(child, child.pid, options.onLine);
}

function follow(
  child: ChildProcess,
  pid: number,
  onLine: ((line: string) => void) | undefined,
): StartedProcess {
  const log: string[] = [];
  const keep = (line: string) => {
    log.push(line);
    if (log.length > LOG_LINES_KEPT) log.shift();
  };
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', onLine ?? keep);
  if (child.stderr !== null) createInterface({ input: child.stderr }).on('line', keep);
  child.stdin?.on('error', () => undefined);
  let exit: Exit | null = null;
  const exited = new Promise<Exit>((resolve) => {
    // 'close' comes after the last line of output; a grandchild that holds the pipe must not keep us waiting.
    const finish = (code: number | null, signal: NodeJS.Signals | null) => {
      exit ??= { code, signal };
      resolve(exit);
    };
    child.once('error', (error) => {
      keep(error.message);
      finish(null, null);
    });
    child.once('close', finish);
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      setTimeout(() => finish(code, signal), 100);
    });
  });
  return {
    pid,
    exited,
    exit: () => exit,
    logTail: () => [...log],
    writeLine: (line) => {
      child.stdin?.write(`${line}\n`);
    },
    closeInput: () => {
      child.stdin?.end();
    },
    signal: (signal) => {
      try {
        process.kill(-pid, signal);
      } catch {
        // The group is gone.
      }
    },
  };
}

/** Sends SIGINT to one process of ours, whoever started it; nothing when it is gone. Throws what the system says otherwise. */
export function interruptProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** An exit in words: "exit code 2" or "killed by SIGKILL". */
export function describeExit(exit: Exit): string {
  return exit.signal === null ? `exit code ${exit.code ?? 'unknown'}` : `killed by ${exit.signal}`;
}
