/**
 * Does QUIC save round trips when connections are new? A new connection between the sidecars for each request, over a
 * link of 0, 10 and 50 ms: TCP with TLS 1.3, QUIC, and QUIC with early data. The link's round trip is measured by the
 * wire itself when it is made; p50 of the latency tells how many round trips a request took.
 *
 *   npm run proof:round-trips -- [--blocks 4]
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readRun } from '../../record/index.js';
import { checkout, meshmark, scenarioFile, scratchFolder } from '../command-line.js';
import { effectOf, numberOption } from './repeated-runs.js';

const text = readFileSync(join(checkout, 'scenarios', 'quic-handshakes.yaml'), 'utf8');
const blocks = String(numberOption('blocks', 4));
const VARIANTS = ['tls-resumed', 'quic-1rtt', 'quic-0rtt'];

for (const roundTripMs of [0, 10, 50]) {
  const folder = scratchFolder();
  const out = join(folder, 'run');
  // 0 ms has a bare pair of virtual interfaces; the rate leaves the longest handshakes connections enough.
  const scenario = text.replace('roundTrip: 10ms', `roundTrip: ${roundTripMs}ms`);
  const ended = await meshmark(['run', scenarioFile(scenario), '--blocks', blocks, '--out', out]);
  if (ended.exitCode === null || ended.exitCode === 2 || ended.exitCode >= 4) {
    throw new Error(`the run over ${roundTripMs} ms ended with ${ended.exitCode}:\n${ended.stderr}`);
  }
  const { run } = readRun(out);
  const link = run.topology?.link ?? null;
  const measured = link === null ? 'not measured' : `${(link.medianMicros / 1000).toFixed(2)} ms measured`;
  console.log(`round trip ${roundTripMs} ms (${measured}), ${run.analysis?.validity.status}`);
  for (const variant of VARIANTS) {
    const level = run.analysis?.levels.find(
      (one) => one.variant === variant && one.metric === 'latency.p50' && one.track === 'long',
    );
    const value = level?.value ?? null;
    const status = run.variants.find(({ id }) => id === variant)?.status;
    if (value === null) {
      console.log(`  ${variant.padEnd(12)} ${status}: ${level?.reason ?? 'no figure'}`);
      continue;
    }
    const trips = link === null ? '' : `, ${((value * 1000) / link.medianMicros).toFixed(1)} round trips`;
    const saved =
      variant === 'tls-resumed' ? null : effectOf(run, 'latency.p50', variant, 'tls-resumed').difference;
    const saving = saved === null ? '' : `, ${saved.toFixed(2)} ms against TCP and TLS`;
    console.log(
      `  ${variant.padEnd(12)} p50 ${value.toFixed(2)} ms${roundTripMs === 0 ? '' : trips}${saving}`,
    );
  }
  rmSync(folder, { recursive: true });
}
