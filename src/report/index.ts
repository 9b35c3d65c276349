export { loadReportAssets } from './assets.js';
export { renderImportedHtml, renderImportedMarkdown } from './imported.js';
export { renderJunit } from './junit.js';
export { renderMarkdown } from './markdown.js';
export { type ReportAssets, renderHtml } from './page.js';
export type { ReportInput } from './view.js';
