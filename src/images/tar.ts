/** Archives in the ustar format of POSIX (IEEE Std 1003.1, pax), of regular files and folders. */

export interface TarEntry {
  /** At most 100 characters; a folder's ends with a slash. */
  readonly path: string;
  /** Null for a folder. */
  readonly content: Buffer | null;
  readonly mode: number;
}

const BLOCK_BYTES = 512;

/** The entries as one archive, of user and group 0 and without times. Throws RangeError for a path that ustar cannot name. */
export function tarArchive(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content, mode }) => {
    const size = content?.length ?? 0;
    return [
      headerOf(path, size, mode, content === null),
      ...(content === null ? [] : [content]),
      Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES),
    ];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function headerOf(path: string, size: number, mode: number, folder: boolean): Buffer {
  if (Buffer.byteLength(path) > 100) throw new RangeError(`${path} is too long for the archive`);
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  // The checksum is taken with spaces in its own place.
  header.write(' '.repeat(8), 148);
  header.write(folder ? '5' : '0', 156);
  header.write('ustar\x0000', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
