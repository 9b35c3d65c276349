/**
 * Does an hour of data fit? Writes, by the real writer, the record of 10,000,000 requests through two variants with full
 * histograms and tails, then has the command line judge and report it, and prints the memory and the time of both.
 *
 *   npm run proof:large
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunWriter, type SliceRecord, type WindowRecord } from '../../record/index.js';
import { buildRun } from '../../stats/testing/record-builder.js';
import { checkout } from '../command-line.js';

const VARIANTS = 2;
const REPLICAS = 12;
const ROUNDS_PER_REPLICA = 84;
const RATE = 2500;
const SLICE_MS = 2000;
/** The slowest 2 % of a slice. */
const TAIL_REQUESTS = (RATE * SLICE_MS) / 1000 / 50;
const [MOST_MEGABYTES, MOST_SECONDS] = [300, 5];

const [mode, target] = process.argv.slice(2);
if (mode === '--write' && target !== undefined) write(target);
else await prove();

/** Writes the record set by set, as a run does, so that no more than one set is in memory. */
function write(directory: string): void {
  const writer = createRunWriter(directory);
  let [requests, seq, block, micros] = [0, 0, 0, 0];
  for (let replica = 0; replica < REPLICAS; replica += 1) {
    const built = buildRun({
      variants: [
        { id: 'plain', claims: ['proxy-in-path'] },
        { id: 'pooled-buffer', claims: ['proxy-in-path'], cpuMicros: 90 },
      ],
      rounds: ROUNDS_PER_REPLICA,
      replicas: 1,
      microBlocksPerRound: 4,
      requestsPerMicroSlice: 100,
      ratePerSecond: RATE,
      longMillis: SLICE_MS,
      seed: replica + 1,
    });
    if (replica === 0) {
      const rounds = REPLICAS * ROUNDS_PER_REPLICA;
      writer.writeRun({ ...built.run, planned: { ...built.run.planned, rounds, replicas: REPLICAS } });
    }
    const place = { round: replica * ROUNDS_PER_REPLICA, replica, seq, block, micros, pid: replica * 100 };
    for (const slice of built.slices) writer.append(movedSlice(slice, place));
    for (const window of built.windows) writer.append(movedWindow(window, place));
    writer.sync();
    requests += built.slices.reduce((sum, slice) => sum + (slice.track === 'long' ? slice.requests : 0), 0);
    seq += built.slices.length;
    block += Math.max(...built.slices.map((slice) => slice.block)) + 1;
    const [first, last] = [built.slices[0], built.slices.at(-1)];
    micros += (last?.endedAtMicros ?? 0) - (first?.startedAtMicros ?? 0) + 1e6;
  }
  writer.close();
  console.log(JSON.stringify({ requests, maxRssKilobytes: process.resourceUsage().maxRSS }));
}

interface Place {
  readonly round: number;
  readonly replica: number;
  readonly seq: number;
  readonly block: number;
  readonly micros: number;
  readonly pid: number;
}

function movedSlice(slice: SliceRecord, place: Place): SliceRecord {
  const from = slice.startedAtMicros + place.micros;
  const to = slice.endedAtMicros + place.micros;
  return {
    ...slice,
    seq: slice.seq + place.seq,
    block: slice.block + place.block,
    round: slice.round + place.round,
    replica: place.replica,
    startedAtMicros: from,
    endedAtMicros: to,
    cpu: slice.cpu.map((edge) => ({ ...edge, pid: edge.pid + place.pid })),
    ...(slice.track !== 'long'
      ? {}
      : {
          tail: {
            fromMicros: from,
            toMicros: to,
            complete: true,
            requests: Array.from({ length: TAIL_REQUESTS }, (_, index) => [
              Math.round(from + ((index + 1) * (to - from)) / TAIL_REQUESTS),
              2e6 + index,
            ]).flat(),
          },
        }),
  };
}

function movedWindow(window: WindowRecord, place: Place): WindowRecord {
  const moved = (edge: WindowRecord['start'], pauses: readonly number[]): WindowRecord['start'] => ({
    ...edge,
    atMicros: edge.atMicros + place.micros,
    processes: edge.processes.map((process) => ({
      ...process,
      pid: process.pid + place.pid,
      runtime:
        process.runtime === null
          ? null
          : { ...process.runtime, recentPauses: { pauses: [...pauses], lost: 0 } },
    })),
  });
  const endMicros = window.end.atMicros + place.micros;
  const pauses = Array.from({ length: 20 }, (_, index) => [endMicros - (20 - index) * 90_000, 40_000]).flat();
  return {
    ...window,
    round: window.round + place.round,
    replica: place.replica,
    sliceSeq: window.sliceSeq === null ? null : window.sliceSeq + place.seq,
    start: moved(window.start, []),
    end: moved(window.end, pauses),
  };
}

async function prove(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'meshmark-large-'));
  try {
    const directory = join(folder, 'run');
    const written = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--write', directory], {
      encoding: 'utf8',
      maxBuffer: 1 << 20,
    });
    if (written.status !== 0) throw new Error(written.stderr);
    const { requests, maxRssKilobytes } = JSON.parse(written.stdout) as {
      readonly requests: number;
      readonly maxRssKilobytes: number;
    };
    const bytes = statSync(join(directory, 'slices.jsonl')).size;
    const report = await reported(directory);
    const page = statSync(join(directory, 'report.html')).size;
    const megabytes = (kilobytes: number) => kilobytes / 1000;
    console.log(
      `${requests.toLocaleString('en')} requests in ${(VARIANTS * REPLICAS * ROUNDS_PER_REPLICA).toLocaleString('en')} long slices, ${(bytes / 1e6).toFixed(0)} MB of record`,
    );
    console.log(
      `written within ${megabytes(maxRssKilobytes).toFixed(0)} MB of memory (aim < ${MOST_MEGABYTES} MB)`,
    );
    console.log(
      `judged and reported within ${megabytes(report.peakKilobytes).toFixed(0)} MB (aim < ${MOST_MEGABYTES} MB) in ${report.seconds.toFixed(1)} s (aim < ${MOST_SECONDS} s); the page has ${(page / 1e6).toFixed(2)} MB`,
    );
    const most = Math.max(megabytes(maxRssKilobytes), megabytes(report.peakKilobytes));
    if (most >= MOST_MEGABYTES || report.seconds >= MOST_SECONDS) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Memory at most and time of `meshmark report`, from outside (proc_pid_status(5), VmHWM). */
async function reported(directory: string): Promise<{ peakKilobytes: number; seconds: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(checkout, 'dist', 'cli', 'main.js'), 'report', directory], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peakKilobytes = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakKilobytes = Math.max(peakKilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  const code = await new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  clearInterval(look);
  if (code !== 0) throw new Error(`the report ended with ${code}`);
  return { peakKilobytes, seconds: (performance.now() - started) / 1000 };
}
