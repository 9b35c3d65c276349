import { describe, expect, it } from 'vitest';
import { formatFault, parseScenario } from './index.js';

const text = `schema: meshmark.scenario/1
name: scripted
load: {driver: k6, model: closed, script: my.js}
slices: {duration: 2s, blocks: 4}
variants: [{id: direct}, {id: plain}]
baseline: direct
`;

describe('a script for k6', () => {
  it('is a fault with its line and the mend where there is no such file', () => {
    const asked: string[] = [];
    const isFile = (path: string) => {
      asked.push(path);
      return false;
    };
    const parsed = parseScenario(text, 's.yaml', { isFile });
    expect(asked).toEqual(['my.js']);
    expect(parsed.ok ? [] : parsed.faults.map(formatFault)).toEqual([
      's.yaml:3:43 there is no file `my.js` beside this one; correct the path, which is relative to the scenario’s folder',
    ]);
  });

  it('goes with a ramp', () => {
    const parsed = parseScenario(
      text.replace('closed', 'open, rate: 90/s, arrivals: ramp, from: 10/s'),
      's.yaml',
    );
    expect(parsed).toMatchObject({
      ok: true,
      scenario: { load: { driver: 'k6', ratePerSecond: 90, fromRatePerSecond: 10, arrivals: 'ramp' } },
    });
  });

  it('goes with an open model too, whose requests are at even intervals', () => {
    const parsed = parseScenario(text.replace('closed', 'open, rate: 50/s'), 's.yaml');
    expect(parsed).toMatchObject({
      ok: true,
      scenario: { load: { driver: 'k6', ratePerSecond: 50, arrivals: 'constant', script: 'my.js' } },
    });
  });
});
