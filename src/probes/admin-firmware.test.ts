import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readAdmin } from './admin.js';

const folder = mkdtempSync(join(tmpdir(), 'meshmark-test-'));
const table = join(folder, 'fw_counters');
const server = createServer((_, response) => response.end('handshakes_total 40\n'));

beforeAll(async () => {
  writeFileSync(table, 'AE          Requests        Responses\n 0:               90               88\n');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

it('puts what a device served beside the counters of the process that it works for', async () => {
  const { port } = server.address() as AddressInfo;
  const source = {
    type: 'prometheus',
    url: `http://127.0.0.1:${port}/`,
    metrics: { handshakes: ['handshakes_total'] },
  } as const;
  expect((await readAdmin(source))?.witness).toEqual({ handshakes: 40 });
  expect((await readAdmin({ ...source, firmware: [table] }))?.witness).toEqual({
    handshakes: 40,
    qatServed: 88,
  });
  // A device whose counters cannot be read proves nothing, and so the claim fails.
  expect((await readAdmin({ ...source, firmware: [join(folder, 'none')] }))?.witness).toEqual({
    handshakes: 40,
  });
});
