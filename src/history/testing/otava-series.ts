/** Writes the series that ask-otava.py reads, so that both detectors see the same numbers: `node dist/history/testing/otava-series.js`. */
import { createRandom } from '../../stats/index.js';
import { STREAMS } from '../simulation/streams.js';
import { COAL, NILE } from './published-series.js';

const LENGTH = 40;
const EACH = 20;

const planted = STREAMS.flatMap((stream) => {
  const random = createRandom(20_261_140);
  return Array.from({ length: EACH }, () => ({
    name: stream.name,
    changes: stream.changes.map((share) => Math.round(share * LENGTH)),
    // Four digits are what the fixture keeps, so four digits are what is judged. Around 100, as costs are above 0.
    values: stream.draw(random, LENGTH).map((value) => Number((100 + value).toFixed(4))),
  }));
});
const published = [
  { name: NILE.name, changes: [1899 - NILE.firstYear], values: NILE.values },
  { name: COAL.name, changes: [1891 - COAL.firstYear], values: COAL.values },
];
process.stdout.write(`${JSON.stringify([...published, ...planted])}\n`);
