/** Jobs in a cluster: whose pods are whose, and how they go. */
import { BatchV1Api, type V1Pod } from '@kubernetes/client-node';
import { type Connection, messageOf, patiently, statusOf } from './connection.js';
import type { PodWatch } from './pod-watch.js';

/** Both are put on pods by the Job's controller: https://kubernetes.io/docs/reference/labels-annotations-taints/ */
const JOB_LABEL = 'batch.kubernetes.io/job-name';
const INDEX_LABEL = 'batch.kubernetes.io/job-completion-index';

/** Removes Jobs, whose pods go with them; names of pods that may still be there are returned. Throws CLUSTER. */
export async function removeNamedJobs(
  connection: Connection,
  watch: PodWatch,
  namespace: string,
  jobs: readonly string[],
): Promise<string[]> {
  await Promise.all(jobs.map((name) => removeJob(connection, namespace, name)));
  return jobs.flatMap((name) => podsOfJob(watch, namespace, name).map(nameOf));
}

/** Removes the Jobs with these labels, so that they make no further pods. Throws CLUSTER. */
export async function removeJobs(
  connection: Connection,
  namespace: string,
  labelSelector: string,
): Promise<void> {
  const items = await patiently(connection, `list jobs in ${namespace}`, async () => {
    try {
      return (await jobsOf(connection).listNamespacedJob({ namespace, labelSelector })).items;
    } catch (error) {
      // Who may not see jobs has made none: runs without load agents need no such right.
      if (statusOf(error) === 403 && messageOf(error).includes('cannot list')) return [];
      throw error;
    }
  });
  await Promise.all(items.map(({ metadata }) => removeJob(connection, namespace, metadata?.name ?? '')));
}

async function removeJob(connection: Connection, namespace: string, name: string): Promise<void> {
  await patiently(connection, `remove the job ${name} from ${namespace}`, async () => {
    try {
      await jobsOf(connection).deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' });
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  });
}

/** What asks the API server about Jobs. */
export function jobsOf({ config }: Connection): BatchV1Api {
  return config.makeApiClient(BatchV1Api);
}

/** Pods that a Job has made, in the order of their places. */
export function podsOfJob(watch: PodWatch, namespace: string, job: string): V1Pod[] {
  const place = ({ metadata }: V1Pod) => Number(metadata?.labels?.[INDEX_LABEL] ?? -1);
  return watch
    .list()
    .filter(({ metadata }) => metadata?.namespace === namespace && metadata?.labels?.[JOB_LABEL] === job)
    .sort((a, b) => place(a) - place(b));
}

function nameOf({ metadata }: V1Pod): string {
  return metadata?.name ?? '';
}
