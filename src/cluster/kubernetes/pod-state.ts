/** What a pod's status says: whether it can still serve, and in a person's words why not. */
import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

/** Reasons of a waiting container after which waiting is no use, or not in a run's time. */
const HOPELESS = new Set([
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

export function containersOf({ status }: V1Pod): readonly V1ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** Containers that only prepare the pod and then end, as those that meshes put in before their proxies do. */
function preparing({ spec }: V1Pod): ReadonlySet<string> {
  const inits = spec?.initContainers ?? [];
  return new Set(inits.filter(({ restartPolicy }) => restartPolicy !== 'Always').map(({ name }) => name));
}

/** Whether every container runs and has started, but those that have done what they were for. */
export function isStanding(pod: V1Pod): boolean {
  const { spec, status } = pod;
  const done = preparing(pod);
  const inits = (spec?.initContainers ?? []).filter(({ name }) => !done.has(name));
  const running = containersOf(pod).filter(
    ({ name, state, started }) => !done.has(name) && state?.running !== undefined && started !== false,
  );
  return status?.phase === 'Running' && running.length === (spec?.containers.length ?? 0) + inits.length;
}

/** Why the pod no longer serves, or never will; null while it does or may. `UID` changes mean that it is another pod. */
export function troubleOf(pod: V1Pod): string | null {
  const { metadata, status } = pod;
  if (status?.phase === 'Failed' && status.reason !== undefined) {
    return `its pod was ended by the cluster: ${status.reason}${status.message === undefined ? '' : ` (${status.message})`}`;
  }
  const preparers = preparing(pod);
  for (const container of containersOf(pod)) {
    if (preparers.has(container.name) && container.state?.terminated?.exitCode === 0) continue;
    const trouble = troubleOfContainer(container);
    if (trouble !== null) return trouble;
  }
  if (metadata?.deletionTimestamp !== undefined) return 'its pod was deleted by somebody';
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return 'its pod has ended';
  return null;
}

function troubleOfContainer({ name, state, lastState, restartCount }: V1ContainerStatus): string | null {
  const ended = state?.terminated ?? (restartCount > 0 ? lastState?.terminated : undefined);
  if (ended !== undefined) {
    const { reason, exitCode, signal } = ended;
    const how =
      reason === 'OOMKilled'
        ? 'it was killed for using more memory than its limit (OOMKilled)'
        : `exit code ${exitCode}${signal ? `, signal ${signal}` : ''}${reason === undefined ? '' : ` (${reason})`}`;
    return `${name} ended: ${how}`;
  }
  const waiting = state?.waiting;
  if (waiting?.reason !== undefined && HOPELESS.has(waiting.reason)) {
    return `${name} does not start: ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`;
  }
  return null;
}

/** Whether what `troubleOf` told is that a node does not get the image. */
export function isImageMissing(trouble: string): boolean {
  return /does not start: (ErrImageNeverPull|ErrImagePull|ImagePullBackOff)/.test(trouble);
}

/** What a pod that is not standing waits for, as far as its status tells. */
export function waitsFor(pod: V1Pod): string {
  const unscheduled = pod.status?.conditions?.find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unscheduled !== undefined)
    return `no node takes it: ${unscheduled.message ?? unscheduled.reason ?? ''}`;
  const notStarted = containersOf(pod)
    .filter(({ state, started }) => state?.running === undefined || started === false)
    .map(({ name, state }) => `${name} (${state?.waiting?.reason ?? 'not started'})`);
  return notStarted.length === 0
    ? `phase ${pod.status?.phase ?? 'unknown'}`
    : `waiting for ${notStarted.join(', ')}`;
}
