/** Why a pod did not start or ended: its events and the last lines of its containers. */
import type { V1Pod } from '@kubernetes/client-node';
import { type Connection, messageOf } from './connection.js';
import { containersOf } from './pod-state.js';

const LOG_LINES = 5;
/** Some programs end by printing the whole configuration that they refuse, after what they find wrong with it. */
const LOG_LINES_READ = 2000;
const LONGEST_LINE = 400;
/** Words by which programs mark what they end of. */
const LOUD = /\b(critical|fatal|panic|emerg|alert|error)\b/i;
const MOST_EVENTS = 3;

/** Warnings about the pod that are not `said` yet, and last log lines, as parts of a sentence; empty where nothing can be had. Never throws. */
export async function evidenceOf({ core }: Connection, pod: V1Pod, said: string): Promise<string> {
  const namespace = pod.metadata?.namespace ?? '';
  const name = pod.metadata?.name ?? '';
  const [events, logs] = await Promise.all([
    eventsOf(core, namespace, name),
    logsOf(core, pod, namespace, name),
  ]);
  const more = events
    .filter(({ message }) => !said.includes(message))
    .map(({ reason, message }) => `${reason}: ${message}`);
  return [
    ...(more.length === 0 ? [] : [`; events: ${[...new Set(more)].slice(-MOST_EVENTS).join(' | ')}`]),
    ...(logs.length === 0 ? [] : [`; last lines: ${logs.join(' | ')}`]),
  ].join('');
}

/** Warnings about an object that is no pod, each as one sentence. Never throws. */
export async function warningsOf(
  core: Connection['core'],
  namespace: string,
  name: string,
): Promise<string[]> {
  const events = await eventsOf(core, namespace, name);
  return [...new Set(events.map(({ reason, message }) => `${reason}: ${message}`))].slice(-MOST_EVENTS);
}

interface Warning {
  readonly reason: string;
  readonly message: string;
}

async function eventsOf(core: Connection['core'], namespace: string, name: string): Promise<Warning[]> {
  try {
    const { items } = await core.listNamespacedEvent({
      namespace,
      fieldSelector: `involvedObject.name=${name},type=Warning`,
    });
    return items.flatMap(({ reason = 'event', message = '' }) => {
      // That is said once more by the reason that the container waits for.
      const repeated = message === '' || /^Error: \w+$/.test(message);
      return repeated || message.startsWith('Failed to pull image')
        ? []
        : [{ reason, message: message.trim() }];
    });
  } catch (error) {
    return [{ reason: 'none can be seen', message: messageOf(error) }];
  }
}

/** The last lines of a log that have words in them; in their place those that name a fault, where all of these are further up. */
export function lastWords(log: string): string[] {
  const worded = log.split('\n').filter((line) => /\p{L}/u.test(line));
  const last = worded.slice(-LOG_LINES);
  const loud = worded.filter((line) => LOUD.test(line)).slice(-LOG_LINES);
  const chosen = loud.length > 0 && !last.some((line) => LOUD.test(line)) ? loud : last;
  return chosen.map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
}

async function logsOf(
  core: Connection['core'],
  pod: V1Pod,
  namespace: string,
  name: string,
): Promise<string[]> {
  const all = containersOf(pod);
  const over = all.filter(({ state, restartCount }) => state?.terminated !== undefined || restartCount > 0);
  // What has not started is asked only where nothing has ended: it may be waiting for its turn.
  const ended = over.length > 0 ? over : all.filter(({ started }) => started === false);
  const lines = await Promise.all(
    ended.map(async ({ name: container, restartCount }) => {
      try {
        const text = await core.readNamespacedPodLog({
          namespace,
          name,
          container,
          tailLines: LOG_LINES_READ,
          ...(restartCount > 0 ? { previous: true } : {}),
        });
        return lastWords(text).map((line) => `${container}: ${line}`);
      } catch (error) {
        return [`${container}: none can be seen: ${messageOf(error)}`];
      }
    }),
  );
  return lines.flat();
}
