/** Clinic at work: a program is started under one of its tools, ended, and what was found is read and made a page of. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findProgram, installRoot, programVersion, runToEnd, type StartedBy } from '../host/index.js';
import type { ClinicFindings, ClinicTool, ProcessStacks } from '../record/index.js';
import { analysisAnswer } from './analysis-answer.js';
import {
  type ClinicInstallation,
  collectCommand,
  collectedIn,
  toolEnvironment,
  visualizeCommand,
} from './tools.js';

/** Making a page takes seconds on an idle core, and minutes where bubbleprof has collected long. */
const LIMIT_MS = 240_000;
/** Of what a tool said. */
const WORDS_KEPT = 400;

export interface ClinicLook {
  /** What the program is started by; it must start in `directory`, where the tools leave files. */
  readonly startedBy: StartedBy;
  /** Reads what was collected, once the tool has ended, and makes its page. Never rejects. */
  conclude(): Promise<ClinicOutcome>;
  /** Removes what was collected. */
  remove(): void;
}

export interface ClinicOutcome {
  /** Relative to the run's folder; null where there is none. */
  readonly page: string | null;
  readonly findings: ClinicFindings | null;
  /** Call stacks, of flame and of the heap profiler. */
  readonly stacks: ProcessStacks | null;
  /** Why something is missing, in the tool's words; null when nothing is. */
  readonly fault: string | null;
}

export interface Clinic {
  readonly version: string;
  /** `subject` names the folder that the page goes into. Throws what the file system throws. */
  look(tool: ClinicTool, subject: string, durationMs: number): ClinicLook;
}

/** The clinic of this machine, whose pages go below `directory`/clinic; null when there is none. */
export function openClinic(directory: string): Clinic | null {
  const program = findProgram('clinic');
  if (program === null) return null;
  const installed = { program, version: programVersion('clinic', program) };
  return {
    version: installed.version,
    look: (tool, subject, durationMs) => lookBy(installed, directory, tool, subject, durationMs),
  };
}

function lookBy(
  installed: ClinicInstallation,
  directory: string,
  tool: ClinicTool,
  subject: string,
  durationMs: number,
): ClinicLook {
  const scratch = mkdtempSync(join(tmpdir(), 'meshmark-clinic-'));
  const collected = join(scratch, 'collected');
  mkdirSync(collected);
  return {
    startedBy: { ...collectCommand(installed, tool, collected), directory: scratch },
    conclude: async () => {
      const data = collectedIn(collected, tool);
      if (data === null)
        return { page: null, findings: null, stacks: null, fault: 'it ended and had written nothing' };
      const page = pageOf(tool, subject);
      // Whether it can be shown does not say whether it can be read.
      const shown = await show(installed, tool, data, join(directory, page));
      const read = await analyse(installed, tool, data, durationMs);
      const faults = [shown, read.fault].filter((one) => one !== null);
      return {
        page: shown === null ? page : null,
        findings: read.findings,
        stacks: read.stacks,
        fault: faults.length === 0 ? null : faults.join('; '),
      };
    },
    // A process that is being killed may still write there.
    remove: () => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** A variant's name may hold what a path may not. */
function pageOf(tool: ClinicTool, subject: string): string {
  return ['clinic', subject.replaceAll(/[^\w.@,=-]/g, '_').replace(/^\.+/, '_'), `${tool}.html`].join('/');
}

/** Null when there is a page now. */
async function show(
  installed: ClinicInstallation,
  tool: ClinicTool,
  data: string,
  page: string,
): Promise<string | null> {
  const ended = await runToEnd(visualizeCommand(installed, tool, data), Buffer.alloc(0), LIMIT_MS, {
    env: toolEnvironment(),
    directory: dirname(data),
  });
  const words = () => lastWords(`${ended.stdout}\n${ended.stderr}`);
  if (!ended.succeeded) return `its page could not be made: ${words()}`;
  try {
    mkdirSync(dirname(page), { recursive: true });
    writeFileSync(page, offline(readFileSync(`${data}.html`, 'utf8')));
    return null;
  } catch (error) {
    return `its page could not be kept: ${error instanceof Error ? error.message : String(error)}; it said: ${words()}`;
  }
}

/** Clinic's pages ask its makers' server for their fonts, which whoever opens a report has not agreed to. */
const ONLY_ITSELF = `<meta http-equiv="Content-Security-Policy" content="default-src 'unsafe-inline' 'unsafe-eval' data: blob:">`;

/** The page, which may load nothing from anywhere else. */
export function offline(page: string): string {
  return /<head\b[^>]*>/i.test(page)
    ? page.replace(/<head\b[^>]*>/i, (head) => `${head}${ONLY_ITSELF}`)
    : `${ONLY_ITSELF}${page}`;
}

/** Read by a process of its own: it runs code of the tools, and may take more memory than the harness has. */
async function analyse(
  { program }: ClinicInstallation,
  tool: ClinicTool,
  data: string,
  durationMs: number,
): Promise<Omit<ClinicOutcome, 'page'>> {
  const script = join(installRoot, 'dist', 'clinic', 'analyse.js');
  const ended = await runToEnd(
    [process.execPath, script, tool, program, data, String(durationMs)],
    Buffer.alloc(0),
    LIMIT_MS,
  );
  const failed = (why: string) => ({
    findings: null,
    stacks: null,
    fault: `what it found could not be read: ${why}`,
  });
  if (!ended.succeeded) return failed(lastWords(ended.stderr));
  try {
    return { ...analysisAnswer.parse(JSON.parse(ended.stdout)), fault: null };
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error));
  }
}

/** The first line that tells of an error, or the last that was said. */
export function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const error =
    lines.find((line) => /^(\w*Error|error|fatal)\b.*:/i.test(line)) ??
    lines.find((line) => /\berror\b/i.test(line));
  return (error ?? lines.at(-1) ?? 'nothing').slice(0, WORDS_KEPT);
}
