/** Writes the JSON Schema of scenarios to the path given, default scenarios/scenario.schema.json. */
import { writeFileSync } from 'node:fs';
import { generateScenarioSchema } from './json-schema.js';

const path = process.argv[2] ?? 'scenarios/scenario.schema.json';
writeFileSync(path, `${JSON.stringify(generateScenarioSchema(), null, 2)}\n`);
