/** Asking a data-plane process to look at its own call stacks, and what it found. */
import { z } from 'zod';
import { type ProcessStacks, processStacks, type StackKind } from '../record/index.js';
import { fetchLater } from './fetch-later.js';

const answer = processStacks.extend({ schema: z.literal('meshmark.stacks/1'), kind: z.string() });

/**
 * Has the process behind `http://<address>` look for `seconds`. Null when it is gone, cannot, or `signal` is aborted
 * meanwhile.
 */
export async function readStacks(
  address: string,
  kind: StackKind,
  seconds: number,
  signal: AbortSignal,
): Promise<ProcessStacks | null> {
  try {
    const url = `http://${address}/stacks?kind=${kind}&seconds=${seconds}`;
    const parsed = answer.safeParse(JSON.parse(await fetchLater(url, seconds, signal)));
    if (!parsed.success || parsed.data.kind !== kind) return null;
    const { functions, stacks } = parsed.data;
    if (stacks.some(({ frames }) => frames.some((frame) => frame >= functions.length))) return null;
    return { seconds: parsed.data.seconds, functions, stacks };
  } catch {
    return null;
  }
}
