import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { ownerAlive, ownerTag, processStartTicks } from './identity.js';

const onLinux = process.platform === 'linux';

describe('ownerAlive', () => {
  it('knows that this very process lives', () => {
    expect(ownerAlive(ownerTag())).toBe(true);
  });

  it.runIf(onLinux)('knows a dead owner although its pid lives again', () => {
    const ticks = processStartTicks(process.pid) ?? 0;
    expect(ownerAlive(`${process.pid}-${ticks + 1}`)).toBe(false);
  });

  it.runIf(onLinux)('knows that an ended process is dead', async () => {
    const child = spawn('true');
    const pid = child.pid ?? -1;
    const ticks = processStartTicks(pid);
    await new Promise((resolve) => child.once('close', resolve));
    expect(ownerAlive(`${pid}-${ticks ?? 1}`)).toBe(false);
  });

  it('keeps its hands off what is not its own', () => {
    expect(ownerAlive('somebody-else')).toBe(true);
  });
});
