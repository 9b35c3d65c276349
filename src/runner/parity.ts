/** The parity check: before any load, do the variants give the same answer? */
import { createHash } from 'node:crypto';
import { ask } from '../cluster/index.js';
import type { Plan } from '../plan/index.js';
import type { ParityFinding } from '../record/index.js';
import { grpcMethodOf } from './grpc-method.js';
import { deploymentOf, livingVariants, type Session } from './session.js';

/** Headers that differ from answer to answer by nature. */
const VOLATILE = new Set([
  'date',
  'x-meshmark-received-ns',
  'x-meshmark-sent-ns',
  'connection',
  'keep-alive',
]);

const ANSWER_LIMIT_MS = 5000;

type Answer = Readonly<Record<string, string>>;

/** Asks every living variant once and compares what came back, property by property. */
export async function checkParity(session: Session): Promise<ParityFinding[]> {
  const answers = new Map<string, Answer>();
  const sized = session.plan.workload.responseBytes.min === session.plan.workload.responseBytes.max;
  for (const variant of livingVariants(session)) {
    answers.set(
      variant.id,
      await askOnce(deploymentOf(session, variant.id).entry, session.plan.workload, sized),
    );
  }
  const properties = [...new Set([...answers.values()].flatMap((answer) => Object.keys(answer)))].sort();
  return properties.map((property) => {
    const byVariant = Object.fromEntries(
      [...answers].map(([variant, answer]) => [variant, answer[property] ?? 'absent']),
    );
    return { property, byVariant, equal: new Set(Object.values(byVariant)).size === 1 };
  });
}

/** One answer as named properties. Bodies of random size cannot be compared by digest, so that is left out for them. */
async function askOnce(entry: string, workload: Plan['workload'], sized: boolean): Promise<Answer> {
  const path = workload.protocol === 'grpc' ? grpcMethodOf(workload) : '/';
  try {
    const answer = await ask(entry, workload.protocol, path, ANSWER_LIMIT_MS);
    const headers = Object.entries(answer.headers).filter(
      ([name]) => !VOLATILE.has(name) && (sized || name !== 'content-length'),
    );
    return {
      status: String(answer.status),
      'http version': answer.httpVersion,
      ...(sized
        ? { 'body sha256': createHash('sha256').update(answer.body).digest('hex').slice(0, 16) }
        : {}),
      ...Object.fromEntries(headers.map(([name, value]) => [`header ${name}`, value])),
    };
  } catch (error) {
    return { answer: error instanceof Error ? error.message : String(error) };
  }
}
