/** The action and the examples for other CI systems: of the right form, without rights, and doing what they say. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkout, scenarioFile, scratchFolder } from './command-line.js';
import { microScenario } from './scenarios.js';

const folder = join(checkout, 'infra', 'ci');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

/** Brings the schemas of SchemaStore, which this package of Python's index carries with it. */
const CHECKER = 'check-jsonschema==0.39.0';

/** Path of the checker, or null where there is no Python or it cannot be fetched. */
function schemaChecker(): string | null {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meshmark', CHECKER);
  const program = join(cache, 'bin', 'check-jsonschema');
  if (existsSync(program)) return program;
  const made = spawnSync('python3', ['-m', 'venv', cache]).status === 0;
  const pip = ['-m', 'pip', 'install', '--quiet', CHECKER];
  return made && spawnSync(join(cache, 'bin', 'python'), pip).status === 0 ? program : null;
}

describe('the files for CI systems', () => {
  it.for([
    ['action.yml', 'vendor.github-actions'],
    ['github.yml', 'vendor.github-workflows'],
    ['gitlab-ci.yml', 'vendor.gitlab-ci'],
  ])('%s fits its schema', ([name = '', schema = ''], { skip }) => {
    const checker = schemaChecker();
    if (checker === null) return skip('there is no Python, or the checker cannot be fetched');
    const checked = spawnSync(checker, ['--builtin-schema', schema, join(folder, name)], {
      encoding: 'utf8',
    });
    expect(checked.status, checked.stdout + checked.stderr).toBe(0);
  });

  it('give no job more than the right to read, and no secret', () => {
    const workflow = parse(read('github.yml'));
    expect(workflow.permissions).toEqual({ contents: 'read' });
    const { steps } = workflow.jobs.gate;
    const checkoutStep = steps.find(({ uses }: { uses?: string }) => uses?.startsWith('actions/checkout@'));
    expect(checkoutStep.with['persist-credentials']).toBe(false);
    for (const name of ['github.yml', 'gitlab-ci.yml', 'Jenkinsfile']) {
      expect(read(name), name).not.toMatch(
        /secrets\.|credentials\(|withCredentials|id_tokens|pull_request_target/,
      );
    }
  });

  it('put no input of the action into the text of a script', () => {
    const { runs } = parse(read('action.yml'));
    for (const { run } of runs.steps) expect(run).not.toContain('${{');
  });

  it('name only commands and options that there are', () => {
    const texts = ['gitlab-ci.yml', 'Jenkinsfile', 'gate.sh'].map(read).join('\n');
    const help = spawnSync(process.execPath, [join(checkout, 'dist', 'cli', 'main.js'), 'run', '--help'], {
      encoding: 'utf8',
    }).stdout;
    const options = new Set(
      [...texts.matchAll(/meshmark run.*?(--[a-z-]+)|arguments\+?=\(.*?(--[a-z-]+)/g)].flatMap(
        ([, a, b]) => a ?? b ?? [],
      ),
    );
    expect(options.size).toBeGreaterThan(0);
    for (const option of options) expect(help, option).toContain(option);
  });

  it('have a Jenkinsfile whose blocks close, and that keeps the results whatever happens', () => {
    const text = read('Jenkinsfile')
      .replace(/\/\/.*$/gm, '')
      .replace(/'[^'\n]*'/g, "''")
      .replace(/"[^"\n]*"/g, '""');
    let depth = 0;
    for (const character of text) {
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      expect(depth).toBeGreaterThanOrEqual(0);
    }
    expect(depth).toBe(0);
    expect(text).toMatch(/^\s*pipeline \{\s+agent \{[\s\S]*stages \{[\s\S]*post \{\s+always \{\s+junit /);
  });
});

describe('the action’s script', () => {
  const perform = (scenario: string, changed: Record<string, string> = {}) => {
    const own = scratchFolder();
    const [summary, outputs] = [join(own, 'summary.md'), join(own, 'outputs')];
    for (const file of [summary, outputs]) writeFileSync(file, '');
    const ended = spawnSync('bash', [join(folder, 'gate.sh')], {
      cwd: own,
      encoding: 'utf8',
      env: {
        ...process.env,
        CI: 'true',
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_OUTPUT: outputs,
        SCENARIO: scenario,
        AGAINST: '',
        FAIL_ON: 'undecided',
        OUT: 'reports/meshmark',
        ...changed,
      },
    });
    return { ...ended, own, summary: readFileSync(summary, 'utf8'), outputs: readFileSync(outputs, 'utf8') };
  };

  it('ends with the gate’s exit code, annotates, summarises and names the report', () => {
    const scenario = scenarioFile(
      `${microScenario(6).replace('{id: pooled-buffer}', '{id: busy, kind: sidecar, options: {testBurnMicros: 200}}')}gate: [{metric: cpu.per_request, maxIncrease: 5%}]\n`,
    );
    const { status, stdout, stderr, own, summary, outputs } = perform(scenario);
    expect(status, stdout + stderr).toBe(1);
    expect(stdout).toMatch(
      /^::error file=.*scenario\.yaml,line=\d+,title=CPU per request%3A busy against plain::/m,
    );
    expect(summary).toContain('## meshmark: short slices');
    expect(outputs).toBe('exit-code=1\nreport=reports/meshmark/report.html\n');
    expect(existsSync(join(own, 'reports', 'meshmark', 'junit.xml'))).toBe(true);
  });

  it('ends with 2 where the input is wrong, and takes nothing in it for a command', () => {
    const { status, own, outputs, summary } = perform('$(touch made); touch made', {
      AGAINST: 'git:$(touch made)',
    });
    expect(status).toBe(2);
    expect(outputs).toBe('exit-code=2\nreport=\n');
    expect(summary).toBe('');
    expect(existsSync(join(own, 'made'))).toBe(false);
  });
});
