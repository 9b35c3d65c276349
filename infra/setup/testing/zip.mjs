/** Zip archives for tests. */
import { deflateRawSync } from 'node:zlib';

/**
 * Packs files as the format says, with an extra field in the local header only and a comment at the end, since both
 * shift what follows.
 *
 * @param {readonly {name: string, content: string | Buffer, deflate?: boolean, method?: number}[]} files
 */
export function zipOf(files) {
  /** @type {Buffer[]} */
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const { name, content, deflate = false, method } of files) {
    const plain = Buffer.from(content);
    const stored = deflate ? deflateRawSync(plain) : plain;
    const how = method ?? (deflate ? 8 : 0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    local.writeUInt16LE(4, 28);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(how, 10);
    entry.writeUInt32LE(stored.length, 20);
    entry.writeUInt32LE(plain.length, 24);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
    const whole = Buffer.concat([local, Buffer.from(name), Buffer.alloc(4), stored]);
    parts.push(whole);
    offset += whole.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(7, 20);
  return Buffer.concat([...parts, central, end, Buffer.from('comment')]);
}
