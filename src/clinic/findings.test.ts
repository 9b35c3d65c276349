/** What the tools of clinic collect, in the form that their version 13 writes it in under Node.js 20. */
import { describe, expect, it } from 'vitest';
import { clinicFindings } from '../record/index.js';
import { bubbleAnalysis } from './bubbles.js';
import { lastWords, offline } from './clinic.js';
import { diagnosisOf } from './diagnosis.js';
import { flameAnalysis } from './flame.js';
import { heapAnalysis } from './heap.js';

const js = (name: string) => ({ name, type: 'JS', kind: 'Opt' });
const native = (name: string) => ({ name, type: 'CPP' });

const READ = js('onStreamRead node:internal/stream_base_commons:168:22');
const FORWARD = js('forward file:///home/me/node_modules/meshmark/dist/node-sidecar/http-streams.js:12:3');

function stacksOf({ stacks }: ReturnType<typeof flameAnalysis>) {
  return (stacks?.stacks ?? []).map(({ frames, value, samples }) => [
    frames.map((frame) => stacks?.functions[frame]).join(';'),
    value,
    samples,
  ]);
}

describe('flame', () => {
  const analysis = flameAnalysis(
    [
      [READ, FORWARD, native('__write@@GLIBC_2.2.5')],
      [
        READ,
        { ...FORWARD, kind: 'Sparkplug', name: FORWARD.name.replace('12:3', '40:9') },
        native('__write@@GLIBC_2.2.5'),
      ],
      [READ],
      [READ, js(' /srv/app/lib/x.js:1:2')],
      [native('epoll_pwait@@GLIBC_2.6')],
      [js(' node:internal/main/run_main_module:1:1'), READ],
      [],
    ],
    2000,
  );

  it('adds equal stacks up, whatever V8 made of their functions, and names files without their way', () => {
    expect(stacksOf(analysis)).toEqual([
      [
        'onStreamRead node:internal/stream_base_commons;forward node-sidecar/http-streams.js;__write [native]',
        2e6,
        2,
      ],
      ['onStreamRead node:internal/stream_base_commons', 1e6, 1],
      ['onStreamRead node:internal/stream_base_commons;(anonymous) lib/x.js', 1e6, 1],
      ['(no stack) [native]', 1e6, 1],
    ]);
  });

  it('charges native code to the function that called it, and leaves out waiting and the start', () => {
    expect(analysis.findings).toEqual({
      type: 'shares',
      unit: 'samples',
      total: 5,
      largest: [
        { name: 'forward node-sidecar/http-streams.js', value: 2 },
        { name: '(anonymous) lib/x.js', value: 1 },
        { name: '(no stack) [native]', value: 1 },
        { name: 'onStreamRead node:internal/stream_base_commons', value: 1 },
      ],
    });
  });

  it('takes a name of hostile form for a name', () => {
    for (const name of [
      '',
      ' ',
      '__proto__',
      'a;b c',
      '</script>',
      'x'.repeat(5000),
      'get [Symbol.x] :1:2',
    ]) {
      expect(stacksOf(flameAnalysis([[js(name)]], 1))).toHaveLength(1);
    }
  });

  it('refuses what is not a list of stacks', () => {
    expect(() => flameAnalysis({ head: {} }, 1)).toThrow();
  });
});

describe('the heap profiler', () => {
  const frame = (functionName: string, url: string) => ({ functionName, url, scriptId: '1', lineNumber: 1 });
  const head = {
    callFrame: frame('(root)', ''),
    selfSize: 0,
    id: 1,
    children: [
      {
        callFrame: frame('onStreamRead', 'node:internal/stream_base_commons'),
        selfSize: 100,
        id: 2,
        children: [{ callFrame: frame('', 'file:///a/b/c.js'), selfSize: 300, id: 3, children: [] }],
      },
      { callFrame: frame('post', 'node:inspector'), selfSize: 9000, id: 4, children: [] },
    ],
  };

  it('reads V8’s sampling heap profile, without what the profiler itself allocated', () => {
    const analysis = heapAnalysis({ head, samples: [{ nodeId: 3 }, { nodeId: 3 }, { nodeId: 2 }] }, 1000);
    expect(stacksOf(analysis)).toEqual([
      ['onStreamRead node:internal/stream_base_commons', 100, 1],
      ['onStreamRead node:internal/stream_base_commons;(anonymous) b/c.js', 300, 2],
    ]);
    expect(analysis.findings).toMatchObject({
      unit: 'bytes',
      total: 400,
      largest: [{ name: '(anonymous) b/c.js', value: 300 }, { value: 100 }],
    });
  });

  it('refuses another thing', () => {
    expect(() => heapAnalysis({}, 1)).toThrow();
  });
});

describe('bubbleprof', () => {
  it('adds up for each group what its operations waited from start to callback, and between callbacks', () => {
    const sources = [
      { init: 10, before: [15, 30], after: [20, 31], destroy: 40 },
      { init: 10, before: [12], after: [13], destroy: null },
      { init: 10, before: [], after: [], destroy: 40 },
    ];
    const { findings } = bubbleAnalysis([
      { name: null, nodes: [{ type: null, sources: [{ init: null, before: [], after: [] }] }] },
      {
        name: 'server',
        nodes: [
          { type: 'TCPWRAP', sources },
          { type: 'PROMISE', sources },
        ],
      },
      { name: 'server', nodes: [{ type: 'Timeout', sources: [{ init: 0, before: [100], after: [101] }] }] },
    ]);
    expect(findings).toEqual({
      type: 'shares',
      unit: 'ms',
      total: 117,
      largest: [
        { name: 'server: Timeout', value: 100 },
        // 5 until its first callback, 10 from the end of that to the second; 2 of the other.
        { name: 'server: TCPWRAP', value: 17 },
      ],
    });
    expect(clinicFindings.safeParse(findings).success).toBe(true);
  });
});

describe('doctor', () => {
  it('is taken at its word', () => {
    const { findings } = diagnosisOf({
      interval: [1, 2],
      issueCategory: 'io',
      issues: {
        delay: 'none',
        cpu: 'performance',
        memory: { rss: 'none' },
        handles: 'data',
        loopUtilization: 'none',
      },
    });
    expect(findings).toEqual({
      type: 'diagnosis',
      category: 'io',
      issues: [
        { name: 'event loop delay', found: 'none' },
        { name: 'event loop use', found: 'none' },
        { name: 'CPU', found: 'performance' },
        { name: 'memory, rss', found: 'none' },
        { name: 'active handles', found: 'data' },
      ],
    });
    expect(() => diagnosisOf(undefined)).toThrow();
  });
});

describe('a page of clinic’s', () => {
  it('may load nothing from anywhere else, from its first element on', () => {
    for (const page of ['<!doctype html><html><head lang="en"><link href="https://x.test/a.css">', '<p>x']) {
      const policy = offline(page).indexOf('Content-Security-Policy');
      expect(policy).toBeGreaterThan(0);
      expect(policy).toBeLessThan(offline(page).match(/<link|<p>/)?.index ?? 0);
    }
    expect(offline('<header>')).toMatch(/^<meta /);
  });
});

describe('the words of a tool that fails', () => {
  it('are its error, not the stack below it; else the last that it said', () => {
    const said =
      "x.js:5\n  throw er; // Unhandled 'error' event\n\nError: ENOENT: no such file\n    at a (b.js:1:2)\n";
    expect(lastWords(said)).toBe('Error: ENOENT: no such file');
    expect(lastWords('one\ntwo\n')).toBe('two');
    expect(lastWords('')).toBe('nothing');
  });
});
