import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generateScenarioSchema } from './index.js';

const committed = join(import.meta.dirname, '..', '..', 'scenarios', 'scenario.schema.json');

describe('the JSON Schema of scenarios', () => {
  it('is committed as it is generated', () => {
    const hint = 'write it again: node dist/scenario/write-schema.js';
    expect(JSON.parse(readFileSync(committed, 'utf8')), hint).toEqual(
      JSON.parse(JSON.stringify(generateScenarioSchema())),
    );
  });

  it('describes every field of every section to an editor', () => {
    type Node = { description?: string; properties?: Record<string, Node> };
    const schema = generateScenarioSchema() as Node;
    for (const section of ['slices', 'workload', 'load', 'crossCheck']) {
      const fields = Object.entries(schema.properties?.[section]?.properties ?? {});
      expect(fields.length).toBeGreaterThan(2);
      for (const [field, node] of fields) expect(node.description, `${section}.${field}`).toBeTruthy();
    }
  });
});
