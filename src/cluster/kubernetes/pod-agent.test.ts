import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { askAgent } from './pod-agent.js';

const ABOUT = {
  ...{ hostname: 'h', platform: 'linux', arch: 'amd64', goVersion: 'go', cores: 2, hypervisor: false },
  ...{ kernel: null, cpuModel: null, memoryBytes: null, governor: null, bootId: null },
};

/** An agent that answers every question with the same, and what it was asked. */
async function playedAgent(answer: object) {
  const asked: unknown[] = [];
  const server = createServer((socket) => {
    createInterface({ input: socket }).on('line', (line) => {
      asked.push(JSON.parse(line));
      socket.write(`${JSON.stringify({ atMicros: 0, about: ABOUT, ...answer })}\n`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : null;
  return { asked, address: `127.0.0.1:${port}`, close: () => server.close() };
}

it('asks for programs in the image, and takes none to be missing where the agent says nothing of them', async () => {
  const agent = await playedAgent({ missing: ['/envoy'] });
  expect((await askAgent(agent.address, 'secret', ['/node', '/envoy'])).missing).toEqual(['/envoy']);
  agent.close();
  const older = await playedAgent({});
  expect((await askAgent(older.address, 'secret')).missing).toEqual([]);
  older.close();
  expect([...agent.asked, ...older.asked]).toEqual([
    { token: 'secret', op: 'about', programs: ['/node', '/envoy'] },
    { token: 'secret', op: 'about' },
  ]);
});
