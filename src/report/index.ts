export { loadReportAssets } from './assets.js';
export { renderHistoryHtml } from './history.js';
export { renderImportedHtml, renderImportedMarkdown } from './imported.js';
export { renderJunit } from './junit.js';
export { renderMarkdown } from './markdown.js';
export { type ReportAssets, renderHtml } from './page.js';
export { profileMovers } from './profile/movers.js';
export { renderProfileHtml } from './profile/page.js';
export type { ReportInput } from './view.js';
