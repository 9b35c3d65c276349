import { describe, expect, it } from 'vitest';
import { EnvironmentFault } from '../host/index.js';
import { RecordError } from '../record/index.js';
import { describeFault, UsageFault } from './outcome.js';

describe('describeFault', () => {
  it('gives the user’s faults as they are, with exit code 2 and no stack', () => {
    expect(describeFault(new UsageFault(['a.yaml:1:2 wrong', 'a.yaml:3:1 also wrong']))).toEqual({
      lines: ['a.yaml:1:2 wrong', 'a.yaml:3:1 also wrong'],
      exitCode: 2,
    });
  });

  it('blames the environment for a full disk and the user for a folder that is no run', () => {
    expect(describeFault(new RecordError('RECORD_DISK_FULL', 'no space')).exitCode).toBe(4);
    expect(describeFault(new RecordError('RECORD_NOT_A_RUN', 'no run.json')).exitCode).toBe(2);
  });

  it('names the code of an environment’s fault', () => {
    const { lines, exitCode } = describeFault(new EnvironmentFault('DRIVER_EXITED', 'loadgen ended'));
    expect(lines).toEqual(['meshmark: DRIVER_EXITED loadgen ended']);
    expect(exitCode).toBe(4);
  });

  it('keeps the stack of what is our own bug, since nobody else can mend it', () => {
    const { lines, exitCode } = describeFault(new TypeError('x is undefined'));
    expect(lines.join()).toMatch(/fault of meshmark itself[\s\S]*at /);
    expect(exitCode).toBe(4);
  });
});
