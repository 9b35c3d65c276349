import { existsSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { EnvironmentFault } from './fault.js';
import { dataplaneBinary } from './install.js';
import { namespacesAvailable, startWire, type WireKind } from './network-namespaces.js';
import { createProcessHost, type ProcessHost } from './processes.js';

const possible = namespacesAvailable();
const hosts: ProcessHost[] = [];

function ownHost(): ProcessHost {
  const host = createProcessHost();
  hosts.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

/** Starts the service on the wire's far side and returns its address and the namespace it runs in. */
async function startFarService(host: ProcessHost, netns: string, address: string) {
  return new Promise<{ address: string; namespace: string }>((resolve, reject) => {
    const started = host.start({
      argv: [
        dataplaneBinary(),
        'service',
        ...['--listen', `${address}:0`, '--admin', `${address}:0`, '--response-bytes', '100'],
      ],
      cores: null,
      cgroup: null,
      netns,
      onLine: (line) => {
        const listening = JSON.parse(line) as { address: string; pid: number };
        resolve({
          address: listening.address,
          namespace: readlinkSync(`/proc/${listening.pid}/ns/net`),
        });
      },
    });
    started.exited.then(() => reject(new Error(started.logTail().join('\n')))).catch(reject);
  });
}

const missing = possible.available ? '' : `, which cannot run here: ${possible.reason}`;

describe.skipIf(!possible.available)(`startWire over real namespaces${missing}`, () => {
  it.each<{ kind: WireKind; delayMs: number }>([
    { kind: 'tun', delayMs: 20 },
    { kind: 'veth', delayMs: 0 },
  ])('reaches a service in a namespace of its own by $kind after $delayMs ms each way', async (options) => {
    const host = ownHost();
    const wire = await startWire(host, options);
    expect(wire.roundTripMicros.median).toBeGreaterThanOrEqual(2000 * options.delayMs);
    expect(wire.roundTripMicros.p99).toBeGreaterThanOrEqual(wire.roundTripMicros.median);
    const service = await startFarService(host, wire.namespace, wire.farAddress);
    expect(service.namespace).toBe(readlinkSync(wire.namespace));
    expect(service.namespace).not.toBe(readlinkSync('/proc/self/ns/net'));

    const before = performance.now();
    const answer = await fetch(`http://${service.address}/`);
    expect((await answer.arrayBuffer()).byteLength).toBe(100);
    // One way there and back for the connection, one for the request.
    expect(performance.now() - before).toBeGreaterThanOrEqual(4 * options.delayMs);
  });

  it('leaves neither device nor namespace when its host closes', async () => {
    const host = ownHost();
    const wire = await startWire(host, { kind: 'veth', delayMs: 0 });
    await startFarService(host, wire.namespace, wire.farAddress);
    const near = () =>
      Object.values(networkInterfaces()).some((ends) =>
        ends?.some((end) => end.address === wire.nearAddress),
      );
    expect(near()).toBe(true);
    await host.close();
    await expect.poll(near, { timeout: 5000 }).toBe(false);
    expect(existsSync(wire.namespace)).toBe(false);
  });

  it('keeps two wires of different delays apart', async () => {
    const host = ownHost();
    const [short, long] = await Promise.all([
      startWire(host, { kind: 'tun', delayMs: 1 }),
      startWire(host, { kind: 'tun', delayMs: 30 }),
    ]);
    expect(short.nearAddress).not.toBe(long.nearAddress);
    expect(short.roundTripMicros.median).toBeLessThan(long.roundTripMicros.median);
    expect(long.roundTripMicros.median).toBeGreaterThanOrEqual(60_000);
  });
});

describe('startWire', () => {
  it('throws a fault of the environment with the reason, and leaves no process', async () => {
    const host = ownHost();
    const wire = startWire(host, { kind: 'veth', delayMs: 5 });
    await expect(wire).rejects.toThrow(EnvironmentFault);
    await expect(wire).rejects.toThrow(/second node.*veth cannot delay/);
  });
});

describe('ProcessHost.start', () => {
  it('does not start a command whose namespace cannot be entered', async () => {
    const host = ownHost();
    const started = host.start({
      argv: ['sleep', '60'],
      cores: null,
      cgroup: null,
      netns: '/proc/self/ns/none',
    });
    expect(await Promise.race([started.exited, sleep(5000)])).toEqual({ code: 125, signal: null });
    expect(started.logTail().join('\n')).toContain('network namespace');
  });
});
