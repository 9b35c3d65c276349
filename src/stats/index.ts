export { type AnalysedRun, analyse } from './analyse.js';
export { compareLevels, type LevelComparison } from './compare-levels.js';
export { gatedConfidence, pairsOfRule } from './multiplicity.js';
