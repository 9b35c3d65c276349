/** Writing a run folder so that a crash, a full disk or a power cut loses at most the line being written. */
import { join } from 'node:path';
import { RecordError, recordErrorFrom } from './fault.js';
import { type RecordFileSystem, realFileSystem } from './file-system.js';
import type { RecordLine } from './line.js';
import type { RunRecord } from './run.js';

export const RUN_FILE = 'run.json';
export const SLICES_FILE = 'slices.jsonl';
export const IMPORTED_FILE = 'imported.json';

export interface RunWriter {
  /** Replaces run.json: a reader sees the old one or the new one, never half of it. */
  writeRun(run: RunRecord): void;
  /** Appends one line to slices.jsonl. On failure the file ends where it ended before. */
  append(line: RecordLine): void;
  /** Makes all appended lines durable. Costs milliseconds: call it between windows only. */
  sync(): void;
  /** Syncs and closes; further calls do nothing. */
  close(): void;
}

/**
 * Creates the folder `dir` with an empty slices.jsonl. Throws RecordError: RECORD_EXISTS when the folder holds a run
 * already, else as the disk failed. Every method of the writer throws RecordError too and can be called again.
 */
export function createRunWriter(dir: string, fileSystem: RecordFileSystem = realFileSystem): RunWriter {
  const path = join(dir, SLICES_FILE);
  const file = openNew(dir, path, fileSystem);
  let length = 0;
  let open = true;

  const sync = () => attempt(`cannot make ${path} durable`, () => fileSystem.fsync(file));
  return {
    writeRun: (run) => replaceRunFile(dir, run, fileSystem),
    append: (line) => {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      try {
        writeAll(file, bytes, fileSystem);
      } catch (cause) {
        try {
          fileSystem.truncate(file, length);
        } catch {
          // The torn line stays; the reader skips it, and the disk's own fault is the one to report.
        }
        throw recordErrorFrom(cause, `cannot append to ${path}`);
      }
      length += bytes.length;
    },
    sync,
    close: () => {
      if (!open) return;
      open = false;
      try {
        sync();
      } finally {
        fileSystem.close(file);
      }
    },
  };
}

/**
 * Creates `path` in the folder `dir`, which it makes too, with all of `text`. Throws RecordError: RECORD_EXISTS when
 * the file is there already, else as the disk failed; then there is no file.
 */
export function writeNewFile(dir: string, path: string, text: string, fileSystem: RecordFileSystem): void {
  const file = openNew(dir, path, fileSystem);
  try {
    attempt(`cannot write ${path}`, () => {
      try {
        writeAll(file, Buffer.from(text), fileSystem);
        fileSystem.fsync(file);
      } finally {
        fileSystem.close(file);
      }
    });
  } catch (fault) {
    fileSystem.remove(path);
    throw fault;
  }
}

function writeAll(file: number, bytes: Buffer, fileSystem: RecordFileSystem): void {
  let written = fileSystem.write(file, bytes);
  while (written < bytes.length) written += fileSystem.write(file, bytes.subarray(written));
}

function openNew(dir: string, path: string, fileSystem: RecordFileSystem): number {
  try {
    fileSystem.makeFolder(dir);
    const file = fileSystem.open(path, 'ax');
    syncFolder(dir, fileSystem);
    return file;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new RecordError('RECORD_EXISTS', `${dir} holds a run already; give --out a new folder.`, {
        cause,
      });
    }
    throw recordErrorFrom(cause, `cannot create ${path}`);
  }
}

/**
 * Writes run.json of the folder `dir` beside the old one, makes it durable, and puts it in its place. The old file
 * survives any failure. Throws RecordError.
 */
export function replaceRunFile(
  dir: string,
  run: RunRecord,
  fileSystem: RecordFileSystem = realFileSystem,
): void {
  const path = join(dir, RUN_FILE);
  const temporary = `${path}.tmp`;
  attempt(`cannot write ${path}`, () => {
    try {
      const bytes = Buffer.from(`${JSON.stringify(run, null, 1)}\n`);
      const file = fileSystem.open(temporary, 'w');
      try {
        writeAll(file, bytes, fileSystem);
        fileSystem.fsync(file);
      } finally {
        fileSystem.close(file);
      }
      fileSystem.rename(temporary, path);
    } catch (cause) {
      // The half-written copy would only take room on a disk that may be full.
      fileSystem.remove(temporary);
      throw cause;
    }
    syncFolder(dir, fileSystem);
  });
}

/** A new name is only durable once its folder is. */
function syncFolder(dir: string, fileSystem: RecordFileSystem): void {
  const folder = fileSystem.open(dir, 'r');
  try {
    fileSystem.fsync(folder);
  } finally {
    fileSystem.close(folder);
  }
}

function attempt(doing: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    throw recordErrorFrom(cause, doing);
  }
}
