/** The agent that holds a variant's eBPF programs and nftables rules, and is told which servers they are for. */
import { z } from 'zod';
import { dataplaneBinary, type ProcessHost } from '../host/index.js';
import type { SidecarOptions, VariantSpec } from '../variants/index.js';
import { type Server, ServerStartError, startServer } from './servers.js';

/** What the agent is asked to do for a variant. */
interface AgentDuties {
  readonly messages: boolean;
  readonly connect: boolean;
  readonly originalDestination: boolean;
  readonly redirect: boolean;
  readonly policy: boolean;
}

export interface AgentPlace {
  /** Cgroup of everything that is a client of the variants. */
  readonly clientCgroup: string;
  /** Cgroup of the variant's own processes. */
  readonly meshCgroup: string;
  /** Cgroup that no program is attached to, for the agent itself. */
  readonly agentCgroup: string;
  readonly cores: readonly number[];
}

export interface KernelAgent {
  readonly server: Server;
  /** Makes connections to a server of the path the programs' business. */
  register(role: string, address: string): Promise<void>;
  /** An address of the kernel's own that leads to `address`. */
  virtualAddress(address: string): Promise<string>;
  /** Denies exactly these addresses from now on. */
  deny(addresses: readonly string[]): Promise<void>;
}

const ANSWER_LIMIT_MS = 5000;
const virtualAnswer = z.object({ address: z.string() });

/** Null for a variant that needs no agent. */
export function agentDutiesOf(form: VariantSpec['form']): AgentDuties | null {
  if (form.type !== 'sidecar' && form.type !== 'zero-sidecar') return null;
  const { sameHost, interception, policy }: SidecarOptions = form.options;
  const duties: AgentDuties = {
    messages: sameHost === 'messages',
    // The address that is denied to see a denial is a virtual one.
    connect: interception === 'connect' || policy === 'kernel',
    originalDestination: form.type === 'sidecar' && interception === 'connect',
    redirect: interception === 'redirect',
    policy: policy === 'kernel',
  };
  return Object.values(duties).some(Boolean) ? duties : null;
}

export function dutyArguments(duties: AgentDuties): string[] {
  return [
    ...(duties.messages ? ['--messages'] : []),
    ...(duties.connect ? ['--connect'] : []),
    ...(duties.originalDestination ? ['--original-destination'] : []),
    ...(duties.redirect ? ['--redirect'] : []),
    ...(duties.policy ? ['--policy'] : []),
  ];
}

/** Starts the agent; its programs are attached when this resolves. Throws ServerStartError. */
export async function startKernelAgent(
  host: ProcessHost,
  duties: AgentDuties,
  place: AgentPlace,
  program = dataplaneBinary(),
): Promise<KernelAgent> {
  const argv = [
    ...[program, 'kernel', '--admin', '127.0.0.1:0'],
    ...['--client-cgroup', place.clientCgroup, '--mesh-cgroup', place.meshCgroup],
    ...dutyArguments(duties),
  ];
  const server = await startServer(host, 'kernel', argv, {
    cores: place.cores,
    cgroup: place.agentCgroup,
    netns: null,
    env: {},
  });
  const tell = (method: string, path: string, body: unknown) => askAgent(server, method, path, body);
  return {
    server,
    register: async (name, address) => {
      await tell('POST', '/endpoints', { name, address });
    },
    virtualAddress: async (to) => virtualAnswer.parse(await tell('POST', '/virtual', { to })).address,
    deny: async (deny) => {
      await tell('PUT', '/policy', { deny });
    },
  };
}

async function askAgent(server: Server, method: string, path: string, body: unknown): Promise<unknown> {
  try {
    // What the agent serves is its admin port and nothing else.
    const answer = await fetch(`http://${server.address}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`status ${answer.status}: ${text.trim()}`);
    return text === '' ? null : JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ServerStartError(`the kernel agent did not take ${method} ${path}: ${reason}`);
  }
}
