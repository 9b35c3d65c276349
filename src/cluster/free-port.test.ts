import { expect, it } from 'vitest';
import { freePort } from './free-port.js';

it('gives no port twice, though the kernel may', async () => {
  const ports = await Promise.all(Array.from({ length: 300 }, () => freePort()));
  expect(new Set(ports).size).toBe(ports.length);
  for (const port of ports) expect(port).toBeGreaterThan(0);
});
