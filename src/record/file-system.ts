/** The few file operations the record needs, as an interface, so that a full or failing disk can be tested. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** Every operation throws Node's own error with its `code`. Synchronous: nothing is measured while it runs. */
export interface RecordFileSystem {
  makeFolder(path: string): void;
  /** `ax` creates a file to append to and fails with EEXIST when there is one; `w` truncates; `r` is for folders. */
  open(path: string, flags: 'ax' | 'w' | 'r'): number;
  /** Bytes written, which may be fewer than given. */
  write(file: number, bytes: Uint8Array): number;
  truncate(file: number, length: number): void;
  fsync(file: number): void;
  close(file: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  readText(path: string): string;
  /** Lines of a text without their ends, one after another; whether the last had one. Holds a chunk at a time. */
  readLines(path: string): Iterable<{ readonly text: string; readonly ended: boolean }>;
}

export const realFileSystem: RecordFileSystem = {
  makeFolder: (path) => {
    mkdirSync(path, { recursive: true });
  },
  open: (path, flags) => openSync(path, flags),
  write: (file, bytes) => writeSync(file, bytes),
  truncate: ftruncateSync,
  fsync: fsyncSync,
  close: closeSync,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  readText: (path) => readFileSync(path, 'utf8'),
  readLines,
};

const CHUNK_BYTES = 1 << 20;

function* readLines(path: string): Generator<{ text: string; ended: boolean }> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const decoder = new StringDecoder('utf8');
    let rest = '';
    for (let bytes = readSync(file, chunk); bytes > 0; bytes = readSync(file, chunk)) {
      const lines = (rest + decoder.write(chunk.subarray(0, bytes))).split('\n');
      rest = lines.pop() ?? '';
      for (const text of lines) yield { text, ended: true };
    }
    rest += decoder.end();
    if (rest !== '') yield { text: rest, ended: false };
  } finally {
    closeSync(file);
  }
}
