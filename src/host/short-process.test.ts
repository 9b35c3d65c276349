import { describe, expect, it } from 'vitest';
import { runToEnd } from './short-process.js';

const node = (script: string) => [process.execPath, '-e', script] as const;

describe('runToEnd', () => {
  it('hands the input over and gives back what was said', async () => {
    const echo = await runToEnd(
      [...node('process.stdin.pipe(process.stdout)')],
      Buffer.from('hello'),
      10_000,
    );
    expect(echo).toEqual({ succeeded: true, stdout: 'hello', stderr: '' });
  });

  it('tells failures by what the process said, or by why there is none', async () => {
    const said = await runToEnd([...node('console.error("no"); process.exit(1)')], Buffer.alloc(1e6), 10_000);
    expect(said).toEqual({ succeeded: false, stdout: '', stderr: 'no\n' });
    const missing = await runToEnd(['/nowhere/at-all'], Buffer.alloc(0), 1000);
    expect(missing.succeeded).toBe(false);
    expect(missing.stderr).toContain('ENOENT');
    const late = await runToEnd([...node('setTimeout(() => {}, 60000)')], Buffer.alloc(0), 200);
    expect(late.succeeded).toBe(false);
  });
});
