/** Asking a process for something that it takes its time for. */
import { get } from 'node:http';

/** The answer comes after the time asked for, and making it takes a busy process a while. */
const PATIENCE_MS = 5000;

/** The text behind `url`, which comes after `seconds`. Rejects when it does not, or `signal` is aborted meanwhile. */
export function fetchLater(url: string, seconds: number, signal: AbortSignal): Promise<string> {
  const timeout = seconds * 1000 + PATIENCE_MS;
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}
