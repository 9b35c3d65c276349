import { describe, expect, it } from 'vitest';
import { lastWords } from './explain.js';

describe('lastWords', () => {
  it('has the last lines of a log', () => {
    const log = ['one', 'two', 'three', 'four', 'five', 'six', ''].join('\n');
    expect(lastWords(log)).toEqual(['two', 'three', 'four', 'five', 'six']);
  });

  it('has what an Envoy found wrong, which stands before the whole configuration', () => {
    const fault =
      "[2026-11-27 03:03:51.030][1][critical][main] [source/server/server.cc:449] error `Unable to parse JSON as proto (INVALID_ARGUMENT: could not find @type 'type.googleapis.com/x'): {";
    const configuration = ['  "static_resources": {', ...Array(40).fill('    "clusters": [],'), '  }', '}'];
    expect(lastWords([fault, ...configuration, ''].join('\n'))).toEqual([fault]);
  });

  it('keeps the order of the end where a fault is named in it, and cuts what is very long', () => {
    const log = ['[ALERT] early', 'a', 'b', 'c', 'd', 'error: late', 'bye'].join('\n');
    expect(lastWords(log)).toEqual(['b', 'c', 'd', 'error: late', 'bye']);
    expect(lastWords('x'.repeat(1000))).toEqual([`${'x'.repeat(400)}…`]);
    expect(lastWords('{\n}\n')).toEqual([]);
  });
});
