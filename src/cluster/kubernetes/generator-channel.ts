/** The load generator in a client's pod, spoken with over a forwarded port; a connection that is lost is made again. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { LineChannel } from '../../host/index.js';

/** How long the way to the generator may be lost. It goes on for three minutes (internal/reattach). */
const PATIENCE_MS = 90_000;
const PAUSE_MS = 300;

const attached = z.object({ event: z.literal('attached'), id: z.string(), received: z.int() });

/**
 * Speaks with the generator at `address` (`host:port`); `trouble` tells what the cluster knows against its pod, after which
 * nobody waits for it. Commands that were on their way when a connection was lost are sent again, and events that were are
 * asked for again (infra/dataplane/PROTOCOL.md).
 */
export function generatorAt(
  address: string,
  onLine: (line: string) => void,
  trouble: () => string | null,
  patienceMs: number = PATIENCE_MS,
): LineChannel {
  const colon = address.lastIndexOf(':');
  const place = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  const sent: string[] = [];
  let heard = 0;
  let id: string | null = null;
  let socket: Socket | null = null;
  let lostSinceMs: number | null = Date.now();
  let reason: string | null = null;
  let closing = false;
  let leave: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const end = (why: string) => {
    if (reason !== null) return;
    reason = why;
    socket?.destroy();
    leave();
  };

  const onAttached = (line: string, own: Socket): boolean => {
    const parsed = attached.safeParse(tryJson(line));
    if (!parsed.success) {
      end(`the generator refuses: ${line.slice(0, 200)}`);
      return false;
    }
    if (id !== null && parsed.data.id !== id) {
      end('it was started anew, and what it measured is lost');
      return false;
    }
    id = parsed.data.id;
    lostSinceMs = null;
    for (const command of sent.slice(parsed.data.received)) own.write(`${command}\n`);
    return true;
  };

  const attach = () => {
    const own = connect(place);
    socket = own;
    let known = false;
    own.on('connect', () => own.write(`${JSON.stringify({ from: heard })}\n`));
    own.on('error', () => own.destroy());
    const lines = createInterface({ input: own });
    // It repeats the socket's own.
    lines.on('error', () => undefined);
    lines.on('line', (line) => {
      if (reason !== null || socket !== own) return;
      if (!known) {
        known = onAttached(line, own);
        return;
      }
      heard += 1;
      onLine(line);
    });
    own.on('close', () => {
      if (reason !== null) return;
      if (closing) {
        end('it was let go');
        return;
      }
      lostSinceMs ??= Date.now();
      const why = trouble();
      if (why !== null) end(why);
      else if (Date.now() - lostSinceMs > patienceMs) {
        end(`the way to it through the API server was lost for ${patienceMs / 1000} s`);
      } else setTimeout(attach, PAUSE_MS);
    });
  };
  attach();

  return {
    writeLine: (line) => {
      sent.push(line);
      // Else it is sent when the connection stands again.
      if (lostSinceMs === null) socket?.write(`${line}\n`);
    },
    ended,
    endReason: () => reason,
    close: async () => {
      closing = true;
      end('it was let go');
    },
  };
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
