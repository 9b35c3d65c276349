import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { descendantsOf } from './descendants.js';

it.skipIf(process.platform !== 'linux')('finds the children of a process and theirs', async () => {
  const shell = spawn('sh', ['-c', '(sleep 60 & echo ready; wait) & wait'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  try {
    await once(shell.stdout, 'data');
    // A child is its parent's copy until it has become another program.
    await vi.waitFor(() => {
      const names = descendantsOf(shell.pid ?? 0).map((pid) =>
        readFileSync(`/proc/${pid}/comm`, 'utf8').trim(),
      );
      expect(names.sort()).toEqual(['sh', 'sleep']);
    });
    const found = descendantsOf(shell.pid ?? 0);
    expect(descendantsOf(process.pid)).toEqual(expect.arrayContaining([shell.pid, ...found]));
  } finally {
    process.kill(-(shell.pid ?? 0), 'SIGKILL');
  }
});
