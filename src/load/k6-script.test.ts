import { describe, expect, it } from 'vitest';
import { type K6Load, k6Script, meanRateOf } from './k6-script.js';

const LOAD: K6Load = {
  protocol: 'http1',
  grpcMethod: '/meshmark.v1.Echo/Get',
  connections: 16,
  connectionPerRequest: false,
  timeoutMs: 2000,
  ratePerSecond: null,
  fromRatePerSecond: null,
  script: null,
};

describe('the script that k6 is given', () => {
  it('is one virtual user for each connection in a closed loop', () => {
    expect(k6Script(LOAD)).toContain('"executor":"constant-vus","vus":16');
    expect(k6Script(LOAD)).not.toContain('noConnectionReuse');
  });

  it('keeps thousandths of a rate, and opens no more connections than the scenario has', () => {
    const text = k6Script({ ...LOAD, ratePerSecond: 0.125 });
    expect(text).toContain('"rate":125,"timeUnit":"1000s","preAllocatedVUs":16,"maxVUs":16');
  });

  it('goes from one rate to the other over the measured part, whose length each slice tells it', () => {
    const text = k6Script({ ...LOAD, ratePerSecond: 300, fromRatePerSecond: 100 });
    expect(text).toContain('"executor":"ramping-arrival-rate","startRate":100000,"timeUnit":"1000s"');
    expect(text).toContain(
      '"stages":[{"target":100000,"duration":__ENV.MESHMARK_WARMUP_MS + "ms"},{"target":300000,"duration":__ENV.MESHMARK_MEASURED_MS + "ms"},{"target":300000,"duration":"3600s"}]',
    );
    expect(meanRateOf({ ...LOAD, ratePerSecond: 300, fromRatePerSecond: 100 })).toBe(200);
    expect(meanRateOf({ ...LOAD, ratePerSecond: 300 })).toBe(300);
    expect(meanRateOf(LOAD)).toBeNull();
  });

  it('connects for each request where the workload does', () => {
    expect(k6Script({ ...LOAD, connectionPerRequest: true })).toContain('"noConnectionReuse":true');
  });

  it('runs a script of the user’s by its path, without the schedule that it may bring', () => {
    const text = k6Script({ ...LOAD, script: '/home/me/it\'s "mine".js' });
    expect(text).toContain('import * as script from "/home/me/it\'s \\"mine\\".js";');
    expect(text).toContain('for (const key of ["vus",');
  });
});
