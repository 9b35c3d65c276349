import { describe, expect, it } from 'vitest';
import { changeStep, type FlameNode, originOf, placeFrames, shortName, treeOf } from './layout.js';

/** root(100 → 60): gone(40 → 0), new(0 → 20), kept(60 → 40): inner(30 → 30). */
const chart = {
  names: ['root', 'gone', 'new', 'kept', 'inner'],
  nodes: [
    [0, 0, 100, 60, 1],
    [1, 1, 40, 0, 1],
    [2, 1, 0, 20, 1],
    [3, 1, 60, 40, 0],
    [4, 2, 30, 30, 0],
  ],
} as const;

function tree(): FlameNode {
  const root = treeOf(chart);
  if (root === null) throw new Error('no tree');
  return root;
}

function placed(focus: FlameNode, mode: Parameters<typeof placeFrames>[1], smallest = 0.001) {
  return Object.fromEntries(
    placeFrames(focus, mode, smallest).map(({ node, left, width, row }) => [
      node.name,
      [Number(left.toFixed(3)), Number(width.toFixed(3)), row],
    ]),
  );
}

describe('frames', () => {
  it('have the width of the larger value in a difference, so that what is gone can be seen', () => {
    // gone 40, new 20 and kept 60 need 120, more than the root's own 100.
    expect(placed(tree(), 'difference')).toEqual({
      root: [0, 1, 0],
      gone: [0, 0.333, 1],
      new: [0.333, 0.167, 1],
      kept: [0.5, 0.5, 1],
      inner: [0.5, 0.25, 2],
    });
  });

  it('have the width of their own value in one profile alone, and none without one', () => {
    expect(placed(tree(), 'after')).toEqual({
      root: [0, 1, 0],
      new: [0, 0.333, 1],
      kept: [0.333, 0.667, 1],
      inner: [0.333, 0.5, 2],
    });
  });

  it('fill the width below the one that is looked at, whose callers stay above it', () => {
    const kept = tree().children[2];
    expect(placed(kept as FlameNode, 'before')).toEqual({
      root: [0, 1, 0],
      kept: [0, 1, 1],
      inner: [0, 0.5, 2],
    });
  });

  it('are left out when too narrow, and of one without value nothing is left but itself', () => {
    expect(Object.keys(placed(tree(), 'difference', 0.3))).toEqual(['root', 'gone', 'kept']);
    expect(placed(tree().children[0] as FlameNode, 'after')).toEqual({ root: [0, 1, 0], gone: [0, 1, 1] });
  });

  it('are none of an empty chart', () => {
    expect(treeOf({ names: [], nodes: [] })).toBeNull();
  });

  it('tell how much they changed as a share of the whole, where it is beyond chance', () => {
    const root = tree();
    expect(root.children.map((node) => changeStep(node, root))).toEqual([-3, 3, 0]);
    expect(changeStep({ ...root, before: 50, after: 51 }, root)).toBe(1);
    expect(changeStep({ ...root, before: 50, after: 50.1 }, root)).toBe(0);
  });
});

describe('names', () => {
  it.each([
    ['runtime.mallocgc', 'runtime'],
    ['internal/runtime/syscall.Syscall6', 'runtime'],
    ['net/http.(*conn).serve', 'standard'],
    ['meshmark/dataplane/internal/sidecar.newProxy.func1', 'meshmark'],
    ['golang.org/x/net/http2.(*Framer).ReadFrame', 'module'],
    ['github.com/quic-go/quic-go.(*Conn).run', 'module'],
    ['writev [native]', 'runtime'],
    ['emit node:events', 'standard'],
    ['passOn node-sidecar/http-streams.js', 'meshmark'],
    ['HTTPParser.HEADER http-parser-js/http-parser.js', 'module'],
  ])('%s is of %s', (name, origin) => {
    expect(originOf({ name, depth: 2 })).toBe(origin);
  });

  it('are shown without the path of their package', () => {
    expect(shortName('net/http/httputil.(*ReverseProxy).copyBuffer')).toBe(
      'httputil.(*ReverseProxy).copyBuffer',
    );
    expect(shortName('a/b.Do[go.shape.*c/d.E]')).toBe('b.Do[go.shape.*c/d.E]');
    expect(shortName('</script>')).toBe('script>');
    expect(shortName('#step node-sidecar/answer-parser.js')).toBe('#step');
    expect(shortName('emit node:internal/streams/readable')).toBe('emit');
  });
});
