export { type AnalysedRun, analyse } from './analyse.js';
export { compareLevels, type LevelComparison } from './compare-levels.js';
export { gatedConfidence, intervalWidening, pairsOfRule } from './multiplicity.js';
export { amdahlSpeedUp } from './offload-ceiling.js';
export { createRandom, type Random } from './random.js';
export { nextRate, type RateOutcome, type SearchSettings } from './slo-search.js';
export { stepOutcome } from './step-outcome.js';
export { unfairUnder } from './verdict.js';
