export * from './catalogue.js';
export { EXPLANATIONS } from './explanations/index.js';
export * from './options.js';
export * from './resolve.js';
export * from './witnesses.js';
