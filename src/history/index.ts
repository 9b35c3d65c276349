export { addToHistory, type History, readHistory } from './file.js';
export { type HistoryLine, linesOf, scenarioDigest } from './line.js';
export { type Change, FEWEST_RUNS, groupsOf, type Trend, trendsOf } from './trends.js';
