export { type CalibrationFloor, evaluateGate } from './evaluate.js';
export { exitCode, type FailOn } from './exit-code.js';
export { evaluateAgainstStored } from './stored.js';
