export { type AnalysedRun, analyse } from './analyse.js';
export { type GatedEffect, gatedConfidence, gatedEffects, holm, pairsOfRule } from './multiplicity.js';
