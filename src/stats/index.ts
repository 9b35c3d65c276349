export { type AnalysedRun, analyse } from './analyse.js';
export { compareLevels, type LevelComparison } from './compare-levels.js';
export { type GatedEffect, gatedConfidence, gatedEffects, holm, pairsOfRule } from './multiplicity.js';
