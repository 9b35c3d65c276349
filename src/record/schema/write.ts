/** Writes the JSON Schemas into the folder given, default src/record/schema: `npm run schemas`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateRunSchemas } from '../schema.js';

const folder = process.argv[2] ?? 'src/record/schema';
const schemas = generateRunSchemas();
writeFileSync(join(folder, 'run.schema.json'), `${JSON.stringify(schemas.run, null, 2)}\n`);
writeFileSync(join(folder, 'slices.schema.json'), `${JSON.stringify(schemas.slices, null, 2)}\n`);
