export * from './cgroups.js';
export * from './clock.js';
export * from './cores.js';
export * from './fault.js';
export * from './identity.js';
export * from './install.js';
export * from './leftovers.js';
export * from './processes.js';
