import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createEventLoopMeter } from './event-loop-meter.js';

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

it('tells an event loop that is full from one that idles', async () => {
  const meter = createEventLoopMeter();
  meter.start();
  await sleep(400);
  const idle = meter.stop().eventLoop;
  meter.start();
  for (let turn = 0; turn < 150; turn++) {
    block(4);
    await sleep(0);
  }
  const full = meter.stop().eventLoop;
  expect(idle.utilisation).toBeLessThan(0.5);
  expect(full.utilisation).toBeGreaterThan(0.5);
  expect(full.utilisation).toBeLessThanOrEqual(1);
  // Each turn holds the loop for 4 ms, and its timer asks for 1 ms.
  expect(full.delayP99Ns ?? 0).toBeGreaterThan(2.5e6);
  expect(full.cpuNs).toBeGreaterThan(idle.cpuNs);
});

it('tells no percentile of a stretch too short to have one', async () => {
  const meter = createEventLoopMeter();
  meter.start();
  await sleep(5);
  expect(meter.stop().eventLoop.delayP99Ns).toBeNull();
});
