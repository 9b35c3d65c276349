/** The parity check: before any load, do the variants give the same answer? */
import { createHash } from 'node:crypto';
import { ask, type Deployment } from '../cluster/index.js';
import { cellOf, type Plan, workloadOf } from '../plan/index.js';
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

/** Properties of configurations, beside those of the answer. */
const SETTINGS = new Set(['workers', 'upstream timeout']);

const ANSWER_LIMIT_MS = 5000;

type Answer = Readonly<Record<string, string>>;

/**
 * Asks every living variant once, for each kind of request, and compares what came back, property by property. Variants of
 * one cell are compared with each other, and the properties named by it.
 */
export async function checkParity(session: Session): Promise<ParityFinding[]> {
  const byCell = new Map<string | null, Map<string, Answer>>();
  for (const variant of livingVariants(session)) {
    const { settings, ...deployment } = deploymentOf(session, variant.id);
    const workload = workloadOf(session.plan, variant.id);
    const cell = cellOf(session.plan, variant.id)?.id ?? null;
    const answers = byCell.get(cell) ?? new Map<string, Answer>();
    byCell.set(cell, answers.set(variant.id, { ...(await askAll(deployment, workload)), ...settings }));
  }
  return [...byCell].flatMap(([cell, answers]) =>
    findingsOf(answers).map(({ property, ...finding }) => ({
      property: cell === null ? property : `${cell}: ${property}`,
      ...finding,
    })),
  );
}

function findingsOf(answers: ReadonlyMap<string, Answer>): ParityFinding[] {
  const properties = [...new Set([...answers.values()].flatMap((answer) => Object.keys(answer)))].sort();
  return properties.map((property) => {
    const byVariant = Object.fromEntries(
      [...answers].map(([variant, answer]) => [variant, answer[property] ?? 'absent']),
    );
    // A setting that a variant has not got, as `direct` has no workers, is no difference between those that have it.
    const told = Object.values(byVariant).filter((value) => !(SETTINGS.has(property) && value === 'absent'));
    return { property, byVariant, equal: new Set(told).size <= 1 };
  });
}

/** The answers to each kind of request; a mix's are named by what was asked. */
async function askAll(
  { entry, askedAt = entry, client }: Pick<Deployment, 'entry' | 'askedAt' | 'client'>,
  workload: Plan['workload'],
): Promise<Answer> {
  const { requests, protocol, responseBytes } = workload;
  const sized = responseBytes.min === responseBytes.max;
  if (requests === null) {
    const path = protocol === 'grpc' ? grpcMethodOf(workload) : '/';
    return askOnce(() => ask(askedAt, protocol, path, ANSWER_LIMIT_MS, undefined, client), sized);
  }
  const answers: Record<string, string> = {};
  for (const [index, { method, path, headers, body }] of requests.entries()) {
    const asked = { method, headers, body: body?.content ?? null };
    const answer = await askOnce(() => ask(askedAt, protocol, path, ANSWER_LIMIT_MS, asked, client), sized);
    for (const [property, value] of Object.entries(answer)) {
      answers[`request ${index + 1} (${method} ${path}): ${property}`] = value;
    }
  }
  return answers;
}

/** One answer as named properties. Bodies of random size cannot be compared by digest, so that is left out for them. */
async function askOnce(asking: () => ReturnType<typeof ask>, sized: boolean): Promise<Answer> {
  try {
    const answer = await asking();
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
