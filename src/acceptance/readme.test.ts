/** Every command of the README does what a reader would expect of it, in the order in which it stands there. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout, scratchFolder } from './command-line.js';

/** A folder that looks like the checkout but whose `reports` and new files are its own. */
function copyOfCheckout(): string {
  const folder = scratchFolder();
  for (const name of readdirSync(checkout)) {
    if (name !== 'reports' && name !== '.git') symlinkSync(join(checkout, name), join(folder, name));
  }
  mkdirSync(join(folder, 'reports'));
  return folder;
}

function commandsOfReadme(): string[] {
  const text = readFileSync(join(checkout, 'README.md'), 'utf8');
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) =>
    (block[1] ?? '').trim().split('\n'),
  );
}

/** Runs that take minutes are made shorter by their own options; nothing else of a command is changed. */
function shortened(command: string): string {
  if (command === 'npm run quickstart') return `${command} -- --blocks 4`;
  if (/^npx meshmark run /.test(command)) return `${command} --blocks 4`;
  if (/^npx meshmark calibrate /.test(command)) return `${command} --time 25s`;
  if (/^npx meshmark sweep /.test(command)) return `${command} --blocks 1 --slice 1s`;
  if (/^npx meshmark search /.test(command)) return `${command} --budget 15s`;
  if (/^npx meshmark profile /.test(command)) return `${command} --rounds 1 --slice 1s`;
  // This test is one of those that it would run.
  if (command === 'npm test') return `${command} -- --list`;
  return command;
}

describe('the README', () => {
  const folder = copyOfCheckout();
  const commands = commandsOfReadme();

  it('names the two commands that do everything', () => {
    expect(commands).toContain('npm run quickstart');
    expect(commands).toContain('npm test');
  });

  it.each(commands)('%s', (command) => {
    const ended = spawnSync('bash', ['-c', shortened(command)], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, CI: 'true', XDG_STATE_HOME: join(folder, 'state') },
    });
    // A run of four blocks may not be able to tell; it must say so with 3 and not fail otherwise.
    const judges = /quickstart|meshmark (run|gate|search|history add|baseline save)/.test(command);
    // Without pip, or the right to install, there is a program that it cannot bring, and it says so.
    const brings = command === 'npm run setup:proxies';
    expect(judges ? [0, 3] : brings ? [0, 4] : [0], ended.stdout + ended.stderr).toContain(ended.status);
  });

  it('has left the report that it promises', () => {
    expect(readdirSync(join(folder, 'reports', 'ci'))).toContain('report.html');
    expect(readdirSync(join(folder, 'reports', 'mine'))).toContain('report.html');
    expect(readdirSync(join(folder, 'reports', 'why'))).toContain('profile.html');
  });
});
