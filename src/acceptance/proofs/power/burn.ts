/** By how much a burn makes a request dearer: as told on the command line, or measured now. */
import { measurePlanting, type Planting, plantingText } from '../planting.js';
import { listOption } from './options.js';

/** `--planting` of an earlier series, or a run of two minutes, of which it prints what was found. Throws RangeError. */
export async function plantingHere(seed: number): Promise<Planting> {
  const told = listOption('planting', []);
  if (told.length > 0) {
    const [plainMicros, littleMicros, muchMicros] = told;
    if (muchMicros === undefined || plainMicros === undefined || littleMicros === undefined)
      throw new RangeError('--planting needs three numbers, as a series printed them');
    return { plainMicros, littleMicros, muchMicros };
  }
  const planting = await measurePlanting(seed);
  console.log(plantingText(planting));
  return planting;
}
