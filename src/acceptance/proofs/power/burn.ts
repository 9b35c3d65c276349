/** What to burn on each request for a percent of plain's CPU: as told on the command line, or measured now. */
import { measurePlanting } from '../planting.js';
import { numberOption } from '../repeated-runs.js';

/** In µs: `--burn-per-percent`, or by two runs of a minute each, of which it prints what they found. */
export async function burnPerPercent(seed: number): Promise<number> {
  const told = numberOption('burn-per-percent', 0);
  if (told > 0) return told;
  const planting = await measurePlanting(10, seed);
  const { plainMicros, triedMicros, dearerMicros } = planting;
  const micros = planting.burnFor(1);
  console.log(
    `plain costs ${plainMicros.toFixed(1)} µs per request; burning ${triedMicros.toFixed(1)} µs made it ${dearerMicros.toFixed(1)} µs dearer, so ${micros.toFixed(3)} µs are burnt for each percent`,
  );
  return micros;
}
