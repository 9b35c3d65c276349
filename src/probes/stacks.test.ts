import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readStacks } from './stacks.js';

const ANSWER = {
  schema: 'meshmark.stacks/1',
  role: 'outbound',
  pid: 1,
  kind: 'cpu',
  seconds: 0.1,
  functions: ['a', 'b'],
  stacks: [{ frames: [0, 1], value: 10_000_000, samples: 1 }],
};

async function asked(body: string, status = 200) {
  const paths: string[] = [];
  const server = createServer((request, answer) => {
    paths.push(request.url ?? '');
    answer.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const found = await readStacks(`127.0.0.1:${port}`, 'cpu', 0.1, new AbortController().signal);
  server.close();
  return { found, paths };
}

describe('asking for call stacks', () => {
  it('gives what the process found', async () => {
    const { found, paths } = await asked(JSON.stringify(ANSWER));
    expect(paths).toEqual(['/stacks?kind=cpu&seconds=0.1']);
    expect(found).toEqual({ seconds: 0.1, functions: ['a', 'b'], stacks: ANSWER.stacks });
  });

  it.each([
    ['a refusal', 'another profile is being taken', 409],
    ['another kind', JSON.stringify({ ...ANSWER, kind: 'mutex' }), 200],
    ['a frame without a name', JSON.stringify({ ...ANSWER, functions: ['a'] }), 200],
    [
      'a negative value',
      JSON.stringify({ ...ANSWER, stacks: [{ frames: [0], value: -1, samples: 1 }] }),
      200,
    ],
    ['half an answer', JSON.stringify(ANSWER).slice(0, 60), 200],
  ])('gives nothing for %s', async (_, body, status) => {
    expect((await asked(body, status)).found).toBeNull();
  });
});
