import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generateRunSchemas } from './schema.js';

it.each(['run', 'slices'] as const)('the committed JSON Schema of %s is fresh (npm run schemas)', (name) => {
  const committed = readFileSync(new URL(`./schema/${name}.schema.json`, import.meta.url), 'utf8');
  expect(JSON.parse(committed)).toEqual(generateRunSchemas()[name]);
});

it('lets a later version add fields', () => {
  expect(JSON.stringify(generateRunSchemas())).not.toContain('"additionalProperties":false');
});
