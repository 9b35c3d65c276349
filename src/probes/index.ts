export { type AdminSnapshot, readAdmin } from './admin.js';
export { readCpuShares } from './cpu-shares.js';
export { readMachine } from './machine.js';
export { perfSight, readPerfStacks } from './perf.js';
export { readProcessCpuNs } from './process-cpu.js';
export { readStacks } from './stacks.js';
