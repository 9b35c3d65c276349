/** The few file operations the record needs, as an interface, so that a full or failing disk can be tested. */
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';

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
};
