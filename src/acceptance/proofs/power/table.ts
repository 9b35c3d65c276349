/** Prints what the runs of `npm run bench:power` and `npm run bench:usual-way` add up to: `npm run bench:power-table`. */
import { curvesText } from './curves.js';
import { powerTable, readOutcomes } from './outcomes.js';
import { readUsualOutcomes, usualTable } from './usual-outcomes.js';

const ours = readOutcomes();
const usual = readUsualOutcomes();
const parts = [
  ours.length === 0 ? 'no runs yet: npm run bench:power' : powerTable(ours),
  usual.length === 0 ? 'no decisions in the usual way yet: npm run bench:usual-way' : usualTable(usual),
  ...(ours.length + usual.length === 0 ? [] : [`Both curves\n\n${curvesText(ours, usual)}`]),
];
console.log(parts.join('\n\n'));
