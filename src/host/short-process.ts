/** Processes that answer one question and end by themselves, within a time that is given to them. */
import { execFile } from 'node:child_process';

export interface ShortProcessOutcome {
  readonly succeeded: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process may say: an answer of 64 MiB in base64, and room for its headers. */
const MOST_OUTPUT_BYTES = 96 * 2 ** 20;

/**
 * Runs `argv` with `input` on its stdin to its end, in `place.directory` where one is given. It is killed after `limitMs`, and
 * so outlives the harness by no more than that, if it ends not before. Never rejects.
 */
export function runToEnd(
  argv: readonly [program: string, ...args: string[]],
  input: Buffer,
  limitMs: number,
  place: { readonly env?: Readonly<Record<string, string>>; readonly directory?: string } = {},
): Promise<ShortProcessOutcome> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const options = {
      timeout: limitMs,
      killSignal: 'SIGKILL',
      maxBuffer: MOST_OUTPUT_BYTES,
      ...(place.directory === undefined ? {} : { cwd: place.directory }),
      env: { ...process.env, ...place.env },
    } as const;
    const child = execFile(program, args, options, (error, stdout, stderr) =>
      resolve({ succeeded: error === null, stdout, stderr: stderr === '' ? (error?.message ?? '') : stderr }),
    );
    // It may end without having read its input; its exit says why.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
