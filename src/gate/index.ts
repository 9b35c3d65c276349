export { withConfirmation } from './confirmation.js';
export { type CalibrationFloor, evaluateGate, isDecided } from './evaluate.js';
export { exitCode, type FailOn } from './exit-code.js';
export { duration, POWER_FACTOR } from './needed-time.js';
export { evaluateAgainstStored } from './stored.js';
