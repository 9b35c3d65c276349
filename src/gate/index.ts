export { withConfirmation } from './confirmation.js';
export { type CalibrationFloor, evaluateGate, isDecided } from './evaluate.js';
export { exitCode, type FailOn } from './exit-code.js';
