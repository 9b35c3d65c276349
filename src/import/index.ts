export { ImportFault } from './fault.js';
export { IMPORT_FORMATS, type ImportFormat, importFile } from './import-file.js';
