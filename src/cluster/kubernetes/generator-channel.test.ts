import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generatorAt } from './generator-channel.js';

/** A generator as internal/reattach plays it, whose connections the test cuts. */
interface PlayedGenerator {
  readonly server: Server;
  id: string;
  /** How many commands it says have come; null for as many as have. */
  received: number | null;
  readonly commands: string[];
  readonly events: string[];
  readonly asked: number[];
  socket: Socket | null;
  say(line: string): void;
}

let generator: PlayedGenerator;
let address: string;

beforeEach(async () => {
  const server = createServer((socket) => {
    generator.socket = socket;
    let known = false;
    createInterface({ input: socket })
      .on('line', (line) => {
        if (known) {
          generator.commands.push(line);
          return;
        }
        known = true;
        const { from } = JSON.parse(line);
        generator.asked.push(from);
        const received = generator.received ?? generator.commands.length;
        socket.write(`${JSON.stringify({ event: 'attached', id: generator.id, received })}\n`);
        for (const event of generator.events.slice(from)) socket.write(`${event}\n`);
      })
      .on('error', () => undefined);
    socket.on('error', () => undefined);
  });
  generator = {
    server,
    id: 'a',
    received: null,
    commands: [],
    events: [],
    asked: [],
    socket: null,
    say: (line) => {
      generator.events.push(line);
      generator.socket?.write(`${line}\n`);
    },
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  address = `127.0.0.1:${typeof bound === 'object' ? bound?.port : 0}`;
});

afterEach(() => {
  generator.socket?.destroy();
  generator.server.close();
});

const until = async (holds: () => boolean) => {
  for (let tries = 0; !holds(); tries += 1) {
    if (tries > 500) throw new Error('it never came to be');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** A channel to the played generator, with what is heard through it. */
function attached() {
  const heard: string[] = [];
  const channel = generatorAt(
    address,
    (line) => heard.push(line),
    () => null,
  );
  return { channel, heard };
}

describe('generatorAt', () => {
  it('sends what was written before it stood, and hears what is said', async () => {
    const { channel, heard } = attached();
    channel.writeLine('one');
    await until(() => generator.commands.length === 1);
    generator.say('event');
    await until(() => heard.length === 1);
    expect([generator.commands, heard]).toEqual([['one'], ['event']]);
    await channel.close();
    expect(channel.endReason()).toBe('it was let go');
  });

  it('takes up a lost connection where it was, and sends again what did not arrive', async () => {
    const { channel, heard } = attached();
    channel.writeLine('one');
    channel.writeLine('two');
    await until(() => generator.commands.length === 2);
    generator.say('first');
    await until(() => heard.length === 1);
    generator.received = 1;
    generator.socket?.destroy();
    // Said while nobody listens.
    generator.events.push('second');
    await until(() => heard.length === 2 && generator.commands.length === 3);
    expect(generator.asked).toEqual([0, 1]);
    expect(heard).toEqual(['first', 'second']);
    expect(generator.commands).toEqual(['one', 'two', 'two']);
    expect(channel.endReason()).toBeNull();
    await channel.close();
  });

  it('is lost when the pod is, in the cluster’s words', async () => {
    let trouble: string | null = null;
    const channel = generatorAt(
      address,
      () => undefined,
      () => trouble,
    );
    await until(() => generator.asked.length === 1);
    trouble = 'its pod was evicted';
    generator.socket?.destroy();
    await channel.ended;
    expect(channel.endReason()).toBe('its pod was evicted');
  });

  it('is lost when another process answers, or nobody for too long', async () => {
    const other = generatorAt(
      address,
      () => undefined,
      () => null,
    );
    await until(() => generator.asked.length === 1);
    generator.id = 'b';
    generator.socket?.destroy();
    await other.ended;
    expect(other.endReason()).toContain('started anew');

    const { server } = generator;
    const alone = generatorAt(
      address,
      () => undefined,
      () => null,
      400,
    );
    await until(() => generator.asked.length === 3);
    server.close();
    generator.socket?.destroy();
    await alone.ended;
    expect(alone.endReason()).toContain('lost for 0.4 s');
  });
});
