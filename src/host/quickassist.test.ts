import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lackingFlags, lackOfMultiBuffer, MULTI_BUFFER_FLAGS } from './multi-buffer.js';
import { findQuickAssist, lackOfQuickAssist } from './quickassist.js';
import { firmwareRequests, parseFirmwareCounters } from './quickassist-counters.js';
import { kubernetesResource } from './quickassist-ids.js';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** A tree of files by path; `-> TARGET` makes a symbolic link, as sysfs has them. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'meshmark-qat-'));
  roots.push(root);
  for (const [path, content] of Object.entries(files)) {
    const at = join(root, path);
    mkdirSync(dirname(at), { recursive: true });
    if (content.startsWith('-> ')) symlinkSync(content.slice(3), at);
    else writeFileSync(at, `${content}\n`);
  }
  return root;
}

const PF = '0000:6b:00.0';
const VF = '0000:6b:00.1';
const at = (address: string, name: string) => `sys/bus/pci/devices/${address}/${name}`;
const physical = (state: string, services: string, id = '0x4940') => ({
  [at(PF, 'vendor')]: '0x8086',
  [at(PF, 'device')]: id,
  [at(PF, 'driver')]: '-> ../../../../bus/pci/drivers/4xxx',
  [at(PF, 'qat/state')]: state,
  [at(PF, 'qat/cfg_services')]: services,
});
const virtual = (driver: string) => ({
  [at(VF, 'vendor')]: '0x8086',
  [at(VF, 'device')]: '0x4941',
  [at(VF, 'driver')]: `-> ../../../../bus/pci/drivers/${driver}`,
  [at(VF, 'physfn')]: `-> ../${PF}`,
  [at(VF, 'iommu_group')]: '-> ../../../../kernel/iommu_groups/42',
});
const NIC = {
  [at('0000:00:03.0', 'vendor')]: '0x8086',
  [at('0000:00:03.0', 'device')]: '0x1572',
  [at('0000:00:03.0', 'driver')]: '-> ../../../../bus/pci/drivers/i40e',
};
/** Another vendor's device whose number happens to be one of QuickAssist's. */
const STRANGER = { [at('0000:00:04.0', 'vendor')]: '0x10ec', [at('0000:00:04.0', 'device')]: '0x4940' };
const COUNTERS = `sys/kernel/debug/qat_4xxx_${PF}/fw_counters`;

const lackOf = (files: Readonly<Record<string, string>>) => lackOfQuickAssist(findQuickAssist(tree(files)));

describe('findQuickAssist', () => {
  it('finds none where there is nothing, and names every place', () => {
    expect(lackOf({})).toMatch(
      /^no QuickAssist device \(looked at \/sys\/bus\/pci\/devices: 0 devices.*; \/dev\/qat_\*: none; \/dev\/vfio: none\)$/,
    );
  });

  it('takes neither another device of Intel’s nor the same number of another vendor’s for one', () => {
    expect(lackOf({ ...NIC, ...STRANGER })).toMatch(/2 devices, none with a QuickAssist id/);
  });

  it('finds a physical function that is up with asym, and its counters', () => {
    const root = tree({ ...NIC, ...physical('up', 'asym;sym'), [COUNTERS]: 'AE' });
    expect(findQuickAssist(root)).toEqual({
      state: 'available',
      devices: [{ address: PF, function: 'physical', counters: join(root, COUNTERS) }],
    });
    expect(findQuickAssist(tree(physical('up', 'asym')))).toMatchObject({ devices: [{ counters: null }] });
  });

  it('says of one that is down how to bring it up', () => {
    expect(lackOf(physical('down', 'asym;sym'))).toContain(
      `8086:4940 at ${PF}, but qat/state is down: run \`echo up > /sys/bus/pci/devices/${PF}/qat/state\``,
    );
  });

  it.each(['dc', 'sym', 'dcc', 'sym;dc'])(
    'says of the services %s that private keys need asym',
    (services) => {
      expect(lackOf(physical('up', services))).toContain(
        `qat/cfg_services is ${services}, without asym, which private keys need`,
      );
    },
  );

  it('says that no driver is bound', () => {
    const { [at(PF, 'driver')]: _driver, ...unbound } = physical('up', 'asym');
    expect(lackOf(unbound)).toMatch(/no driver is bound to it/);
  });

  it('takes a driver of an older generation by its device nodes', () => {
    const old = {
      [at(PF, 'vendor')]: '0x8086',
      [at(PF, 'device')]: '0x37c8',
      [at(PF, 'driver')]: '-> ../../../../bus/pci/drivers/c6xx',
    };
    expect(lackOf(old)).toMatch(/its driver c6xx tells no qat\/state, and there is no \/dev\/qat_\*/);
    expect(findQuickAssist(tree({ ...old, 'dev/qat_adf_ctl': '' }))).toMatchObject({ state: 'available' });
  });

  it('finds a virtual function on vfio-pci whose group is there, with its physical function’s counters', () => {
    const down = { ...physical('up', 'asym'), [at(PF, 'driver')]: '-> ../none' };
    const root = tree({ ...down, ...virtual('vfio-pci'), 'dev/vfio/42': '', [COUNTERS]: 'AE' });
    expect(findQuickAssist(root)).toMatchObject({
      state: 'available',
      devices: expect.arrayContaining([{ address: VF, function: 'virtual', counters: join(root, COUNTERS) }]),
    });
  });

  it('says of a virtual function what it lacks', () => {
    const { [at(VF, 'physfn')]: _physfn, ...guest } = virtual('vfio-pci');
    expect(lackOf(guest)).toContain(`8086:4941 at ${VF}, but /dev/vfio/42 is not there`);
    expect(lackOf({ ...virtual('4xxxvf') })).toMatch(/bound to 4xxxvf and not to vfio-pci/);
    expect(findQuickAssist(tree({ ...guest, 'dev/vfio/42': '' }))).toMatchObject({
      devices: [{ counters: null }],
    });
    const services = lackOf({ ...virtual('vfio-pci'), ...physical('up', 'dc'), 'dev/vfio/42': '' });
    expect(services?.match(/cfg_services is dc/g)).toHaveLength(2);
  });
});

describe('firmware counters', () => {
  const table = [
    'AE          Requests        Responses',
    ' 0:             1200             1199',
    '11:                7                7',
    '',
  ].join('\n');

  it('are read by engine, and what was served is added up', () => {
    expect(parseFirmwareCounters(table)).toEqual([
      { engine: 0, requests: 1200, responses: 1199 },
      { engine: 11, requests: 7, responses: 7 },
    ]);
    const root = tree({ a: table, b: table });
    expect(firmwareRequests([join(root, 'a'), join(root, 'b')])).toBe(2412);
  });

  it('are not known where a file is missing, is something else, or there is none', () => {
    const root = tree({ a: table, b: 'gibberish' });
    expect(firmwareRequests([join(root, 'a'), join(root, 'c')])).toBeNull();
    expect(firmwareRequests([join(root, 'b')])).toBeNull();
    expect(firmwareRequests([])).toBeNull();
    expect(() => parseFirmwareCounters('AE Requests Responses\nx')).toThrow(SyntaxError);
  });
});

describe('kubernetesResource', () => {
  it.each([
    [{ 'qat.intel.com/cy': '4', cpu: '8' }, 'qat.intel.com/cy', 4],
    [{ 'qat.intel.com/generic': '2' }, 'qat.intel.com/generic', 2],
    [{ 'qat.intel.com/asym-dc': '1', 'qat.intel.com/dc': '9' }, 'qat.intel.com/asym-dc', 1],
    [{ 'qat.intel.com/asym': '3', 'qat.intel.com/cy': '4' }, 'qat.intel.com/asym', 3],
  ])('of %j is %s', (allocatable, resource, count) => {
    expect(kubernetesResource(allocatable)).toEqual({ resource, count });
  });

  it('says what is offered instead', () => {
    expect(kubernetesResource({ 'qat.intel.com/sym': '3', 'qat.intel.com/cy': '0' })).toEqual({
      reason: 'the node offers qat.intel.com/sym, none of which does private keys',
    });
    expect(kubernetesResource({ cpu: '8' })).toMatchObject({
      reason: expect.stringMatching(/offers none of/),
    });
  });
});

describe('multi-buffer', () => {
  it('names the flags that the processor lacks', () => {
    expect(lackingFlags(`processor : 0\nflags\t\t: fpu ${MULTI_BUFFER_FLAGS.join(' ')}\n`)).toEqual([]);
    expect(lackingFlags('flags\t\t: fpu avx2 avx512f avx512vl avx512dq avx512bw\n')).toEqual(['avx512ifma']);
    expect(lackingFlags('Features : asimd\n')).toEqual(MULTI_BUFFER_FLAGS);
    expect(lackOfMultiBuffer('/nonexistent')).toMatch(/there is no \/nonexistent/);
    const root = tree({ cpuinfo: 'flags : fpu avx512f' });
    expect(lackOfMultiBuffer(join(root, 'cpuinfo'))).toMatch(
      /lacks avx512dq, avx512bw, avx512vl, avx512ifma$/,
    );
  });
});
