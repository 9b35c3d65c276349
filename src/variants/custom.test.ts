import { describe, expect, it } from 'vitest';
import { filledIn, PLACEHOLDERS, type Placeholder, placeholdersIn } from './custom.js';
import { resolveVariant } from './resolve.js';

const values = Object.fromEntries(PLACEHOLDERS.map((name) => [name, `<${name}>`])) as Record<
  Placeholder,
  string
>;

describe('placeholders', () => {
  it('are filled in wherever they stand, as often as they do', () => {
    expect(filledIn('--to={upstreamHost}:{upstreamPort} {listen}{listen}', values)).toBe(
      '--to=<upstreamHost>:<upstreamPort> <listen><listen>',
    );
    for (const name of PLACEHOLDERS) expect(filledIn(`{${name}}`, values)).toBe(`<${name}>`);
  });

  it('leave alone what is a shell’s or the program’s own', () => {
    const text = `\${listen} {status} {"listen": 1} { listen } {constructor}`;
    expect(filledIn(text, values)).toBe(text);
    expect(placeholdersIn(`\${a} {b} {c d} {e}`)).toEqual(['b', 'e']);
  });
});

describe('a custom variant', () => {
  const resolved = (map: Record<string, string[]>) =>
    resolveVariant(
      {
        id: 'mine',
        kind: 'custom',
        options: {},
        command: ['x'],
        custom: {
          image: null,
          env: {},
          ready: { type: 'tcp' },
          metrics: { url: 'http://{admin}/metrics', map },
        },
      },
      { roles: ['outbound', 'inbound'], clusterOf: () => '', connections: 4, protocol: 'http1' },
    );

  it('stands once for each sidecar of the path', () => {
    expect(resolved({}).form).toMatchObject({ type: 'custom', roles: ['outbound', 'inbound'] });
  });

  it('claims to be in the path where it counts requests, and nothing else', () => {
    expect(resolved({ requests: ['a'], upstreamDials: ['b'] }).claims).toEqual(['proxy-in-path']);
    expect(resolved({ upstreamDials: ['b'] }).claims).toEqual([]);
  });
});
