/** Prints what the runs of `npm run bench:power` add up to: `npm run bench:power-table`. */
import { powerTable, readOutcomes } from './outcomes.js';

const outcomes = readOutcomes();
console.log(outcomes.length === 0 ? 'no runs yet: npm run bench:power' : powerTable(outcomes));
