/** What a pod's agent tells once, when the pod stands: its processes, and the machine it is on. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const aboutMachine = z.object({
  hostname: z.string(),
  platform: z.string(),
  arch: z.string(),
  goVersion: z.string(),
  cores: z.int().positive(),
  kernel: z.string().nullable(),
  cpuModel: z.string().nullable(),
  memoryBytes: z.number().nullable(),
  governor: z.string().nullable(),
  hypervisor: z.boolean(),
  bootId: z.string().nullable(),
});
export type AboutMachine = z.infer<typeof aboutMachine>;

const answer = z.object({
  processes: z.array(z.object({ role: z.string(), pid: z.int() })).default([]),
  about: aboutMachine.optional(),
  /** Programs asked for that are not in its image; left out where there are none. */
  missing: z.array(z.string()).default([]),
  connected: z.string().optional(),
  error: z.string().optional(),
});
type Answer = z.infer<typeof answer>;
/** What it answers when it is asked what there is. */
export interface AgentAnswer {
  readonly processes: Answer['processes'];
  readonly about: AboutMachine;
  /** Programs asked for that are not in its image. */
  readonly missing: readonly string[];
}

/** The agent itself gives a connection 5 s. */
const LIMIT_MS = 7000;

/** Asks the agent at `address` (`host:port`), and for `programs` in its image. Throws an Error with why it did not answer. */
export async function askAgent(
  address: string,
  token: string,
  programs: readonly string[] = [],
): Promise<AgentAnswer> {
  const question = { token, op: 'about', ...(programs.length === 0 ? {} : { programs }) };
  const { processes, about, missing, error } = await ask(address, question);
  if (about === undefined) throw new Error(error ?? 'the agent does not tell what its machine is');
  return { processes, about, missing };
}

/** How a connection to `target` (`host:port`) from the agent's pod goes: `accepted`, `denied`, or the error. */
export async function connectFromPod(address: string, token: string, target: string): Promise<string> {
  const { connected, error } = await ask(address, { token, op: 'connect', address: target });
  return connected ?? error ?? 'the agent does not tell';
}

function ask(
  address: string,
  question: Readonly<Record<string, string | readonly string[]>>,
): Promise<Answer> {
  const colon = address.lastIndexOf(':');
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
    const fail = (why: string) => {
      socket.destroy();
      reject(new Error(why));
    };
    socket.setTimeout(LIMIT_MS, () => fail(`the agent did not answer in ${LIMIT_MS / 1000} s`));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the connection to the agent ended'));
    socket.on('connect', () => socket.write(`${JSON.stringify(question)}\n`));
    const lines = createInterface({ input: socket });
    lines.on('error', (error: Error) => fail(error.message));
    lines.once('line', (line) => {
      const parsed = answer.safeParse(tryJson(line));
      if (!parsed.success) fail(`the agent said what is no answer: ${line.slice(0, 200)}`);
      else {
        resolve(parsed.data);
        socket.destroy();
      }
    });
  });
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
