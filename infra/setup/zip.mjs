/**
 * Reads a zip archive that is wholly in memory: enough of PKWARE's APPNOTE 6.3 for Go module zips, which have no
 * zip64 records, no encryption, and entries that are stored or deflated.
 */
import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 0xffff;

/**
 * Yields every file of the archive in the order of its central directory; folders are left out.
 *
 * @param {Buffer} archive
 * @returns {Generator<{name: string, content: Buffer}>}
 * @throws {Error} when the bytes are no such archive, are cut off, or a name would leave the folder it is unpacked to
 */
export function* zipFiles(archive) {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  let position = archive.readUInt32LE(end + 16);
  // A full 16 or 32 bits say that the real number is in a zip64 record. Go's toolchain has about 15,000 files.
  if (count === 0xffff || position === 0xffffffff)
    throw new Error('a zip64 archive, which this reader cannot read');
  for (let index = 0; index < count; index++) {
    if (archive.readUInt32LE(position) !== DIRECTORY_ENTRY) throw new Error('the zip directory is damaged');
    const method = archive.readUInt16LE(position + 10);
    const compressedBytes = archive.readUInt32LE(position + 20);
    const plainBytes = archive.readUInt32LE(position + 24);
    const nameBytes = archive.readUInt16LE(position + 28);
    const extraBytes = archive.readUInt16LE(position + 30);
    const commentBytes = archive.readUInt16LE(position + 32);
    const header = archive.readUInt32LE(position + 42);
    const name = archive.toString('utf8', position + 46, position + 46 + nameBytes);
    position += 46 + nameBytes + extraBytes + commentBytes;
    if (name.endsWith('/')) continue;
    if (name.startsWith('/') || name.includes('\\') || name.split('/').includes('..')) {
      throw new Error(`the zip holds the unsafe path ${JSON.stringify(name)}`);
    }
    yield { name, content: contentAt(archive, header, method, compressedBytes, plainBytes, name) };
  }
}

/** @param {Buffer} archive */
function findEnd(archive) {
  // The record is last but for a comment of unknown length, so it is looked for from the end.
  const lowest = Math.max(0, archive.length - END_RECORD_BYTES - MAX_COMMENT_BYTES);
  for (let position = archive.length - END_RECORD_BYTES; position >= lowest; position--) {
    if (archive.readUInt32LE(position) === END_OF_DIRECTORY) return position;
  }
  throw new Error('not a zip archive, or one that was cut off');
}

/**
 * @param {Buffer} archive
 * @param {number} header
 * @param {number} method
 * @param {number} compressedBytes
 * @param {number} plainBytes
 * @param {string} name
 */
function contentAt(archive, header, method, compressedBytes, plainBytes, name) {
  if (archive.readUInt32LE(header) !== LOCAL_HEADER) throw new Error(`the zip entry ${name} is damaged`);
  // The local header's extra field may differ in length from the directory's.
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const stored = archive.subarray(start, start + compressedBytes);
  const content = method === 0 ? stored : method === 8 ? inflateRawSync(stored) : null;
  if (content === null) throw new Error(`the zip entry ${name} is packed by method ${method}, not deflate`);
  if (content.length !== plainBytes) throw new Error(`the zip entry ${name} has the wrong length`);
  return content;
}
