import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildRun } from '../stats/testing/record-builder.js';
import {
  createRunWriter,
  type ProfileRecord,
  RecordError,
  type RecordFileSystem,
  readRun,
  realFileSystem,
  replaceRunFile,
} from './index.js';

const built = buildRun({ variants: [{ id: 'plain' }], rounds: 2, microBlocksPerRound: 2 });
const lines = [...built.slices, ...built.windows];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meshmark-record-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function errorOf(action: () => unknown): RecordError {
  try {
    action();
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function errno(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

/** Writes run.json and every line into `folder`/run. */
function writeWhole(): string {
  const dir = join(folder, 'run');
  const writer = createRunWriter(dir);
  writer.writeRun(built.run);
  for (const line of lines) writer.append(line);
  writer.close();
  return dir;
}

describe('a run folder', () => {
  it('keeps CPU profiles apart from slices and windows', () => {
    const dir = join(folder, 'run');
    const none = { samples: 0, cpuNs: 0, top: [] };
    const profile: ProfileRecord = {
      type: 'profile',
      round: 0,
      variant: 'plain',
      replica: 0,
      role: 'outbound',
      pid: 7,
      startedAtMicros: 1e15,
      requests: 100,
      seconds: 2,
      periodNs: 1e7,
      samples: 3,
      profiledCpuNs: 3e7,
      processCpuNs: null,
      categories: {
        privateKey: { samples: 3, cpuNs: 3e7, top: [{ function: 'bigmod.addMulVVW1024', samples: 2 }] },
        keyExchange: none,
        keyEncapsulation: none,
        verification: none,
        symmetric: none,
        other: none,
      },
    };
    const writer = createRunWriter(dir);
    writer.writeRun(built.run);
    for (const line of [...lines, profile]) writer.append(line);
    writer.close();
    expect(readRun(dir)).toMatchObject({ windows: built.windows, profiles: [profile], damaged: [] });
  });

  it('gives back what was written', () => {
    const stored = readRun(writeWhole());
    expect(stored).toEqual({
      run: built.run,
      slices: built.slices,
      windows: built.windows,
      profiles: [],
      controls: [],
      steps: [],
      stacks: [],
      clinic: [],
      damaged: [],
    });
  });

  it('replaces run.json in one step and leaves no temporary file', () => {
    const dir = writeWhole();
    replaceRunFile(dir, { ...built.run, state: 'interrupted', stateReason: 'by Ctrl-C' });
    expect(readRun(dir).run.state).toBe('interrupted');
    expect(readdirSync(dir).sort()).toEqual(['run.json', 'slices.jsonl']);
  });

  it('is not written into twice', () => {
    const dir = writeWhole();
    expect(errorOf(() => createRunWriter(dir)).code).toBe('RECORD_EXISTS');
    expect(readRun(dir).slices.length).toBe(built.slices.length);
  });

  it('takes each line to the file before append returns, and closes only once', () => {
    const writer = createRunWriter(folder);
    const [first] = built.slices;
    if (first === undefined) throw new Error('the record is empty');
    writer.append(first);
    expect(readFileSync(join(folder, 'slices.jsonl'), 'utf8')).toBe(`${JSON.stringify(first)}\n`);
    writer.close();
    writer.close();
  });
});

describe('a disk that fails', () => {
  it('loses only the line being written when it is full in the middle of it', () => {
    let room = 3000;
    const tooSmall: RecordFileSystem = {
      ...realFileSystem,
      write: (file, bytes) => {
        if (room === 0) throw errno('ENOSPC');
        const size = Math.min(room, bytes.length);
        room -= size;
        return realFileSystem.write(file, bytes.subarray(0, size));
      },
    };
    replaceRunFile(folder, built.run);
    const writer = createRunWriter(folder, tooSmall);
    let kept = 0;
    const error = errorOf(() => {
      for (const slice of built.slices) {
        writer.append(slice);
        kept++;
      }
    });
    writer.close();
    expect(error.code).toBe('RECORD_DISK_FULL');
    expect(error.blame).toBe('environment');
    expect(error.message).toMatch(/slices\.jsonl.*disk is full.*--out/);
    expect(kept).toBeGreaterThan(0);
    expect(readRun(folder)).toMatchObject({ slices: built.slices.slice(0, kept), damaged: [] });
  });

  it('goes on after a failed line when there is room again', () => {
    let failing = true;
    const flaky: RecordFileSystem = {
      ...realFileSystem,
      write: (file, bytes) => {
        if (failing) throw errno('EIO');
        return realFileSystem.write(file, bytes);
      },
    };
    replaceRunFile(folder, built.run);
    const writer = createRunWriter(folder, flaky);
    const [first] = built.slices;
    if (first === undefined) throw new Error('the record is empty');
    expect(errorOf(() => writer.append(first)).code).toBe('RECORD_IO');
    failing = false;
    writer.append(first);
    writer.close();
    expect(readRun(folder)).toMatchObject({ slices: [first], damaged: [] });
  });

  it('reports a sync that failed', () => {
    let syncs = 0;
    const writer = createRunWriter(folder, {
      ...realFileSystem,
      fsync: (file) => {
        // The folder may be synced; the first file may not.
        if (syncs++ > 0) throw errno('EIO');
        realFileSystem.fsync(file);
      },
    });
    expect(errorOf(() => writer.sync())).toMatchObject({ code: 'RECORD_IO' });
    expect(errorOf(() => writer.close())).toMatchObject({ code: 'RECORD_IO' });
  });

  it('keeps the old run.json when the new one does not fit', () => {
    const dir = writeWhole();
    const full: RecordFileSystem = {
      ...realFileSystem,
      write: () => {
        throw errno('ENOSPC');
      },
    };
    expect(errorOf(() => replaceRunFile(dir, { ...built.run, runId: 'new' }, full)).code).toBe(
      'RECORD_DISK_FULL',
    );
    expect(readRun(dir).run.runId).toBe(built.run.runId);
    expect(readdirSync(dir)).not.toContain('run.json.tmp');
  });

  it('says so when the folder may not be written', () => {
    const denied: RecordFileSystem = {
      ...realFileSystem,
      makeFolder: () => {
        throw errno('EACCES');
      },
    };
    expect(errorOf(() => createRunWriter(folder, denied))).toMatchObject({
      code: 'RECORD_PERMISSION',
      message: expect.stringMatching(/not permitted/),
    });
  });

  it('keeps all earlier lines on a file system that is really full', (context) => {
    const mount = join(folder, 'tiny');
    mkdirSync(mount);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      context.skip('needs root and the right to mount a tmpfs');
    }
    try {
      const dir = join(mount, 'run');
      const writer = createRunWriter(dir);
      writer.writeRun(built.run);
      let kept = 0;
      const error = errorOf(() => {
        for (;;) {
          for (const slice of built.slices) {
            writer.append(slice);
            kept++;
          }
        }
      });
      expect(error.code).toBe('RECORD_DISK_FULL');
      expect(errorOf(() => writer.writeRun({ ...built.run, runId: 'new' })).code).toBe('RECORD_DISK_FULL');
      writer.close();
      const stored = readRun(dir);
      expect(stored.slices.length).toBe(kept);
      expect(stored.damaged).toEqual([]);
      expect(stored.run.runId).toBe(built.run.runId);
    } finally {
      execFileSync('umount', [mount]);
    }
  });
});

describe('readRun', () => {
  it('leaves out a torn last line and says which', () => {
    const dir = writeWhole();
    appendFileSync(join(dir, 'slices.jsonl'), '{"type":"slice","seq":9');
    const stored = readRun(dir);
    expect(stored.slices.length).toBe(built.slices.length);
    expect(stored.damaged).toEqual([{ line: lines.length + 1, reason: expect.stringMatching(/cut off/) }]);
  });

  it('goes on after a damaged line in the middle', () => {
    const dir = writeWhole();
    const path = join(dir, 'slices.jsonl');
    const texts = readFileSync(path, 'utf8').split('\n');
    texts[1] = '{"type":"slice","seq":-4}';
    texts[2] = 'nonsense';
    writeFileSync(path, texts.join('\n'));
    const stored = readRun(dir);
    expect(stored.slices.length).toBe(built.slices.length - 2);
    expect(stored.damaged.map((one) => one.line)).toEqual([2, 3]);
    expect(stored.damaged[0]?.reason).toMatch(/seq/);
  });

  it('ignores fields it does not know', () => {
    const dir = writeWhole();
    writeFileSync(join(dir, 'run.json'), JSON.stringify({ ...built.run, added: 'later' }));
    appendFileSync(join(dir, 'slices.jsonl'), `${JSON.stringify({ ...built.slices[0], added: 1 })}\n`);
    const stored = readRun(dir);
    expect(stored.run).toEqual(built.run);
    expect(stored.slices.at(-1)).toEqual(built.slices[0]);
  });

  it('reads a run that never ended', () => {
    const { finishedAt: _finishedAt, analysis: _analysis, ...killed } = built.run;
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...killed, state: 'running' }));
    expect(readRun(folder)).toMatchObject({ run: { state: 'running', finishedAt: null }, slices: [] });
  });

  it('says that a folder is not a run', () => {
    expect(errorOf(() => readRun(folder))).toMatchObject({ code: 'RECORD_NOT_A_RUN', blame: 'input' });
    expect(errorOf(() => readRun(join(folder, 'absent'))).code).toBe('RECORD_NOT_A_RUN');
    writeFileSync(join(folder, 'run.json'), '{"name":"something-else"}');
    expect(errorOf(() => readRun(folder))).toMatchObject({
      code: 'RECORD_NOT_A_RUN',
      message: expect.stringContaining('meshmark.run/1'),
    });
  });

  it('says that a run was written by a newer meshmark', () => {
    writeFileSync(join(folder, 'run.json'), '{"schema":"meshmark.run/2"}');
    expect(errorOf(() => readRun(folder)).code).toBe('RECORD_NEWER_SCHEMA');
  });

  it('names file, line and column of broken JSON, and the field of a wrong value', () => {
    const path = join(folder, 'run.json');
    writeFileSync(path, '{\n "schema": "meshmark.run/1",\n "seed": oops\n}');
    expect(errorOf(() => readRun(folder)).message).toContain(`${path}:3:10 is not JSON`);
    writeFileSync(path, '{"schema":');
    expect(errorOf(() => readRun(folder)).message).toContain(`${path}:1:11`);
    writeFileSync(path, JSON.stringify({ ...built.run, seed: 'seven' }));
    expect(errorOf(() => readRun(folder))).toMatchObject({
      code: 'RECORD_MALFORMED',
      message: expect.stringContaining('"seed"'),
    });
  });
});
