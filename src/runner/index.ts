export { grpcMethodOf } from './grpc-method.js';
export { executeRun, type RunOutcome } from './run.js';
export { serviceOf } from './service-spec.js';
export type { ProgressEvent, RunnerHooks, RunnerPorts, RunnerSink } from './session.js';
