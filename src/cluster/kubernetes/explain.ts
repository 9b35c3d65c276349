/** Why a pod did not start or ended: its events and the last lines of its containers. */
import type { V1Pod } from '@kubernetes/client-node';
import { type Connection, messageOf } from './connection.js';
import { containersOf } from './pod-state.js';

const LOG_LINES = 5;
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

async function logsOf(
  core: Connection['core'],
  pod: V1Pod,
  namespace: string,
  name: string,
): Promise<string[]> {
  const ended = containersOf(pod).filter(
    ({ state, started, restartCount }) =>
      state?.terminated !== undefined || restartCount > 0 || started === false,
  );
  const lines = await Promise.all(
    ended.map(async ({ name: container, restartCount }) => {
      try {
        const text = await core.readNamespacedPodLog({
          namespace,
          name,
          container,
          tailLines: LOG_LINES,
          ...(restartCount > 0 ? { previous: true } : {}),
        });
        return text.split('\n').flatMap((line) => (line === '' ? [] : [`${container}: ${line}`]));
      } catch (error) {
        return [`${container}: none can be seen: ${messageOf(error)}`];
      }
    }),
  );
  return lines.flat();
}
