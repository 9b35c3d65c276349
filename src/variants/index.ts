export * from './catalogue.js';
export * from './options.js';
export * from './witnesses.js';
