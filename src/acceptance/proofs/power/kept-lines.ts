/** Files of outcomes, a line each, kept in the repository beside their source so that those of many machines and months add up. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { checkout } from '../../command-line.js';

/** What every outcome says of the machine; decisions on two machines may add up, their figures never do. */
export const machineShape = z.object({
  fingerprint: z.string(),
  cpuModel: z.string(),
  cores: z.int(),
  kernel: z.string(),
  virtualised: z.string().nullable(),
});
export type KeptMachine = z.infer<typeof machineShape>;

/** `cpu` in percent of plain's CPU per request, `latency` in µs; 0 is plain against itself. */
export const plantedShape = z.object({ what: z.enum(['cpu', 'latency']), size: z.number() });
export type Planted = z.infer<typeof plantedShape>;

/** Path of a file of outcomes. */
export function keptFile(name: string): string {
  return join(checkout, 'src', 'acceptance', 'proofs', 'power', name);
}

/** Keeps a line at once, so that a series that is cut short loses nothing. */
export function keepLine(file: string, line: unknown): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** Every line that was kept; none where there is no file. Throws ZodError for a line that is none. */
export function readKept<Line>(file: string, shape: z.ZodType<Line>): Line[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => shape.parse(JSON.parse(line)));
}
