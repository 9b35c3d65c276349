/** What offloading could save, where nothing can be offloaded: rows that say what is lacking, and a bound. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lackingAny } from '../host/index.js';
import { readRun } from '../record/index.js';
import { checkout, meshmark, scratchFolder } from './command-line.js';

const withoutDevice = lackingAny(['quickassist']) !== null;

describe('scenarios/qat-tls.yaml', () => {
  it.skipIf(!withoutDevice)(
    'says where it looked for a device, and bounds what one could save from profiles that tell RSA from ECDSA',
    async () => {
      const out = join(scratchFolder(), 'run');
      const ended = await meshmark([
        'run',
        join(checkout, 'scenarios', 'qat-tls.yaml'),
        ...['--blocks', '1', '--variant', 'tls-rsa', 'qat-tls', 'cryptomb-tls', '--out', out],
      ]);
      expect(ended.exitCode, ended.stderr).toBe(0);
      const { run, profiles } = readRun(out);

      const device = run.variants.find(({ id }) => id === 'qat-tls');
      expect(device?.status).toBe('unavailable');
      for (const place of ['/sys/bus/pci/devices', '/dev/qat_*', '/dev/vfio']) {
        expect(device?.reason).toContain(place);
      }
      expect(ended.stderr).toContain('no QuickAssist device (looked at');

      const ceilings = new Map(run.analysis?.offloadCeiling?.map((one) => [one.variant, one]));
      expect(ceilings.get('qat-tls')).toMatchObject({ bounds: null, reason: device?.reason });
      for (const id of ['tls-full', 'tls-rsa']) {
        const own = ceilings.get(id);
        expect(own?.samples).toBeGreaterThan(0);
        // One round is one set of processes: whatever there is has no interval, and says why.
        expect(own?.reason).toMatch(/samples|cannot carry an interval/);
        expect(
          profiles
            .filter(({ variant }) => variant === id)
            .map(({ role }) => role)
            .sort(),
        ).toEqual(['inbound', 'outbound']);
      }
      const privateShare = (id: string) => {
        const own = profiles.filter(({ variant }) => variant === id);
        const samples = own.reduce((sum, one) => sum + one.samples, 0);
        return own.reduce((sum, one) => sum + one.categories.privateKey.samples, 0) / samples;
      };
      expect(privateShare('tls-rsa')).toBeGreaterThan(2 * privateShare('tls-full'));
      expect(privateShare('tls-rsa')).toBeGreaterThan(0.2);
    },
    60_000,
  );
});
