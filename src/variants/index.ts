export * from './catalogue.js';
export type { CatalogueRow } from './catalogue-row.js';
export { EXPLANATIONS } from './explanations/index.js';
export * from './options.js';
export type { ProxySpec, Surroundings } from './path.js';
export * from './resolve.js';
export * from './witnesses.js';
