/** The parity check: before any load, do the variants give the same answer? */
import { createHash } from 'node:crypto';
import { get } from 'node:http';
import type { ParityFinding } from '../record/index.js';
import { deploymentOf, livingVariants, type Session } from './session.js';

/** Headers that differ from answer to answer by nature. */
const VOLATILE = new Set([
  'date',
  'x-meshmark-received-ns',
  'x-meshmark-sent-ns',
  'connection',
  'keep-alive',
]);

type Answer = Readonly<Record<string, string>>;

/** Asks every living variant once and compares what came back, property by property. */
export async function checkParity(session: Session): Promise<ParityFinding[]> {
  const answers = new Map<string, Answer>();
  const sized = session.plan.workload.responseBytes.min === session.plan.workload.responseBytes.max;
  for (const variant of livingVariants(session)) {
    answers.set(variant.id, await askOnce(deploymentOf(session, variant.id).entry, sized));
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
function askOnce(address: string, sized: boolean): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = (error: Error) => resolve({ answer: error.message });
    const request = get(`http://${address}/`, { agent: false, timeout: 5000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', failed);
      response.on('end', () => {
        const headers = Object.entries(response.headers).filter(
          ([name]) => !VOLATILE.has(name) && (sized || name !== 'content-length'),
        );
        resolve({
          status: String(response.statusCode),
          'http version': response.httpVersion,
          ...(sized
            ? { 'body sha256': createHash('sha256').update(Buffer.concat(chunks)).digest('hex').slice(0, 16) }
            : {}),
          ...Object.fromEntries(headers.map(([name, value]) => [`header ${name}`, String(value)])),
        });
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in 5 s')));
    request.on('error', failed);
  });
}
